import type { Role } from '../config/config.ts';
import { GatewayError } from '../gateway-error.ts';
import type { Caller } from '../types/caller.ts';

/** Who makes or changes keys. */
export type Grantor = Pick<Caller, 'name' | 'role' | 'models'>;

/**
 * Nobody gives more than he has: an admin who may use some models alone makes keys for these alone.
 * @throws GatewayError `permission_denied`
 */
export function checkGrant(
  by: Grantor,
  granted: { readonly role: Role; readonly models: readonly string[] | undefined },
): void {
  if (by.role !== 'admin') throw denied(`"${by.name}" is no admin`, 'role');
  const { models } = by;
  if (models === undefined) return;
  if (granted.models === undefined) throw denied(`"${by.name}" may not use all models; name some of its own`, 'models');
  const foreign = granted.models.find((model) => !models.has(model));
  if (foreign !== undefined) throw denied(`"${by.name}" may not use the model "${foreign}" itself`, 'models');
}

function denied(message: string, param: string): GatewayError {
  return new GatewayError('permission_denied', `${message}: nobody can give more than he has`, { param });
}
