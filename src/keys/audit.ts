import type { Grantor } from './grants.ts';

/** Who changed what, as a line of the log. */
export interface AuditLine {
  /** Such as `key.create`. */
  readonly action: `${'key' | 'team' | 'tag'}.${'create' | 'change' | 'rotate' | 'disable' | 'enable' | 'delete' | 'put'}`;
  /** The name of the key that asked. */
  readonly by: string;
  /** The name of what was changed. */
  readonly name: string;
  /** Of keys. */
  readonly id?: string;
  /** Names of the fields that were written; never their values. */
  readonly fields?: readonly string[];
}

/** @param fields as the code calls them; the line has them as the API does, such as `expires_at` */
export function auditOf(
  action: AuditLine['action'],
  by: Grantor,
  target: { readonly name: string; readonly id?: string },
  fields: readonly string[] = [],
): AuditLine {
  const named = fields.map((field) => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
  return { action, by: by.name, ...target, ...(named.length > 0 && { fields: named }) };
}
