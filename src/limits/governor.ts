import type { Demand, Limit, LimitState } from './limit.ts';

/**
 * Admits calls over all limits of all their levels in one step: everything is reserved, or nothing. Under any
 * concurrency what is admitted never exceeds a limit. Implementations: `memory-governor.ts` for one process,
 * `lease-governor.ts` where several processes or machines share the limits.
 */
export interface Governor {
  /** Prepares limits for use, so that admitting looks nothing up. The same limit is counted once, wherever it is bound. */
  bind(limits: readonly Limit[]): BoundLimits;
  /**
   * A promise only where something must be waited for, which is bounded in time.
   * @param bound of this governor
   */
  admit(bound: BoundLimits, demand: Demand): Admission | Promise<Admission>;
  /** How limits stand; takes nothing. */
  state(bound: BoundLimits): readonly LimitState[];
  close(): Promise<void>;
}

/** Limits that a governor prepared. Opaque to all others. */
export interface BoundLimits {
  readonly limits: readonly Limit[];
}

export type Admission =
  | { readonly admitted: true; readonly grant: Grant }
  | {
      readonly admitted: false;
      /** The one that refuses; of several the one that is free last. */
      readonly refusedBy: LimitState;
      /** Milliseconds after which this very call would pass; undefined: never, as it is larger than the limit. */
      readonly retryAfterMs: number | undefined;
      /** Why nothing could be decided, where a store is gone and the limit's contract is to refuse then. */
      readonly unavailable?: string;
    };

/** What was reserved. It is settled or released exactly once; what comes after that does nothing. */
export interface Grant {
  /**
   * Asks for more of what it has reserved, such as for an answer that is longer than was expected.
   * @returns whether it was there; then it is reserved as well
   */
  extend(more: Demand): boolean;
  /** The client has its answer, and what is still done behind it takes no place of a call. All else stays reserved. */
  leave(): void;
  /** The call is over and took this in truth, which may be more or less than was reserved. Frees its place. */
  settle(taken: Demand): void;
  /** The call was never made: it counts for nothing. */
  release(): void;
}
