/** What a call took of a limit that is kept over restarts. */
export interface CounterChange {
  readonly limitId: string;
  /** 0 for a limit that counts for ever. */
  readonly periodStart: number;
  /** Requests, tokens or nano-dollars; never negative. */
  readonly used: number;
}
