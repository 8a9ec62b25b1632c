/** Why the gateway ended a stream before its backend did. */
export interface Stop {
  readonly why: 'budget' | 'repetition';
  /** The limit that had nothing left, such as `key:alice/cost/day`; undefined: it is not known, or it was none. */
  readonly limit: string | undefined;
  /** Whether its usage is the gateway's own count, as the backend had not reported any yet. */
  readonly isCounted: boolean;
}
