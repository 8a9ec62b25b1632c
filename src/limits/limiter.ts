/** Decides which calls may pass. Implementations: `memory-limiter.ts` for one process. */
export interface Limiter {
  /**
   * One step over all rates of a subject: either everything is reserved or nothing.
   * @param subject what the rates belong to, such as `backend:model`
   */
  reserve(subject: string, rates: Rates, tokens: number): Decision | Promise<Decision>;
  /** How the rates stand; takes nothing. */
  peek(subject: string, rates: Rates): RateState | Promise<RateState>;
}

/** Rates over any span of 60 seconds; undefined: unlimited. */
export interface Rates {
  readonly requestsPerMinute: number | undefined;
  readonly tokensPerMinute: number | undefined;
}

export type Decision =
  | { readonly admitted: true; readonly reservation: Reservation; readonly state: RateState }
  | {
      readonly admitted: false;
      /** The rate that refuses; where both do, the one that is free last. */
      readonly limit: 'requests' | 'tokens';
      /** Milliseconds after which this very call would pass. */
      readonly retryAfterMs: number;
      readonly state: RateState;
    };

/** What was reserved. It is settled or released, exactly once; what comes after that does nothing. */
export interface Reservation {
  /** The call was made and took this many tokens in truth. */
  settle(tokens: number): void;
  /** The call never reached a backend: it counts for nothing. */
  release(): void;
}

/** What the `x-ratelimit-*` headers say, per rate that there is. */
export interface RateState {
  readonly requests: RateGauge | undefined;
  readonly tokens: RateGauge | undefined;
}

export interface RateGauge {
  readonly limit: number;
  readonly remaining: number;
  /** Milliseconds until the whole limit is free again, if nothing more comes. */
  readonly resetMs: number;
}
