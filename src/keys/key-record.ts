import type { GatewayKey } from '../config/config.ts';
import type { VirtualKey } from './virtual-key.ts';

/** A key of the gateway, wherever it stands. */
export interface KeyRecord extends Omit<VirtualKey, 'createdAt'> {
  /** Undefined: it stands in the file. */
  readonly createdAt: number | undefined;
  /** Where it stands, such as `config/headrace.yaml:3:5`; undefined: in storage, where it can be changed. */
  readonly source: string | undefined;
}

/**
 * - `disabled`, `expired`: its own.
 * - `team_missing`, `tier_missing`: what its limits would come from is gone, so that it is refused.
 * - `name_taken`: a key of the file has the same name, and its usage could not be told apart.
 */
export type KeyStatus = 'active' | 'disabled' | 'expired' | 'team_missing' | 'tier_missing' | 'name_taken';

export function recordOfStored(key: VirtualKey): KeyRecord {
  return { ...key, source: undefined };
}

/** Its identity is its name, which no other key of the file has. */
export function recordOfFile(key: GatewayKey): KeyRecord {
  const {
    name,
    owner,
    team,
    tags = [],
    role,
    models,
    tier,
    limits,
    expiresAt,
    last4 = '',
    source = 'headrace.yaml',
  } = key;
  const sha256 = key.digest.toString('hex');
  return {
    id: `file:${name}`,
    name,
    owner,
    team,
    tags,
    role,
    models,
    tier,
    limits,
    createdAt: undefined,
    expiresAt,
    disabledAt: undefined,
    version: 0,
    secrets: [{ sha256, last4, createdAt: 0, expiresAt: undefined }],
    source,
  };
}
