import type { Role } from '../config/config.ts';
import type { BoundLimits } from '../limits/governor.ts';

/** Who makes a call. */
export interface Caller {
  /** The key's, which no other key ever has, whatever their names are; undefined: there is none. */
  readonly id?: string | undefined;
  /** The key's name; `anonymous` where the gateway has no keys. */
  readonly name: string;
  readonly role: Role;
  /** The public models that it may use; undefined: all. */
  readonly models: ReadonlySet<string> | undefined;
  /** Who and what its calls are booked on, beside its name. */
  readonly owner?: string | undefined;
  readonly team?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  /** What it may take, over all levels that it stands under; undefined: no limit at all. */
  readonly limits?: CallerLimits | undefined;
}

/** The limits of a key, its owner's team and its tags, ready to be admitted against in one step. */
export interface CallerLimits {
  readonly bound: BoundLimits;
  /** Whether tokens or money are among them, so that a call's size matters. */
  readonly needsTokens: boolean;
  readonly needsCost: boolean;
  /** The public model that calls go to when a budget has too little left; undefined: they are refused. */
  readonly downgradeTo: string | undefined;
}
