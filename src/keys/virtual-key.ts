import type { Role } from '../config/config.ts';
import type { LimitSettings } from '../config/limit-settings.ts';

/** A key that was made while the gateway runs, as it is stored. Its secrets are stored as digests alone. */
export interface VirtualKey {
  /** `key_` and 16 random characters; never changes. */
  readonly id: string;
  /** Unique over all keys, those of `headrace.yaml` too. */
  readonly name: string;
  readonly owner: string | undefined;
  readonly team: string | undefined;
  readonly tags: readonly string[];
  readonly role: Role;
  /** Public model names; undefined: all. */
  readonly models: readonly string[] | undefined;
  /** The tier whose limits it has where it has none of its own. */
  readonly tier: string | undefined;
  readonly limits: LimitSettings | undefined;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly expiresAt: number | undefined;
  readonly disabledAt: number | undefined;
  /** Counts its changes. */
  readonly version: number;
  readonly secrets: readonly KeySecret[];
}

/** One of the secrets that open a key. */
export interface KeySecret {
  /** In hexadecimal, of the whole secret. */
  readonly sha256: string;
  readonly last4: string;
  readonly createdAt: number;
  /** While a key is rotated: until when the old one still opens it. */
  readonly expiresAt: number | undefined;
}

/** A team or a tag that has limits. */
export interface Group {
  readonly kind: 'team' | 'tag';
  readonly name: string;
  readonly tier: string | undefined;
  readonly limits: LimitSettings | undefined;
  readonly createdAt: number;
  readonly version: number;
}
