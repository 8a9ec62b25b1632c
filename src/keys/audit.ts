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

export function auditOf(
  action: AuditLine['action'],
  by: Grantor,
  target: { readonly name: string; readonly id?: string },
  fields: readonly string[] = [],
): AuditLine {
  return { action, by: by.name, ...target, ...(fields.length > 0 && { fields }) };
}
