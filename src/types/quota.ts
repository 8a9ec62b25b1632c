/** What a backend says is left of a key's limits; undefined: it did not say. */
export interface Quota {
  readonly remainingRequests: number | undefined;
  readonly remainingTokens: number | undefined;
  /** Milliseconds until the limits are full again. */
  readonly requestsResetMs: number | undefined;
  readonly tokensResetMs: number | undefined;
}
