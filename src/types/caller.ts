import type { Role } from '../config/config.ts';

/** Who makes a call. */
export interface Caller {
  /** The key's name; `anonymous` where the gateway has no keys. */
  readonly name: string;
  readonly role: Role;
  /** The public models that it may use; undefined: all. */
  readonly models: ReadonlySet<string> | undefined;
}
