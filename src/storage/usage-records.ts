import type { UsageEntry, UsageStore } from '../ledger/usage-entry.ts';

/** The ledger as it is stored: what was written, and what pages ask of it. */
export interface UsageRecords extends UsageStore {
  /**
   * Sums of whole hours: a range that begins or ends within one is widened to it. In no particular order.
   */
  sums(query: UsageSumsQuery): Promise<readonly UsageSum[]>;
  /** Single calls, the newest first, a page at a time. */
  rows(query: UsageRowsQuery): Promise<UsagePage>;
  /**
   * Forgets the days that are older, with all their calls, in slices that hold up nobody for long. Counters of limits
   * stay.
   * @param before milliseconds since 1970; the day that it is in stays whole
   * @param sumsBefore the same for the sums; default: as for the calls
   * @returns how many calls were forgotten
   */
  prune(before: number, sumsBefore?: number): Promise<number>;
}

/** What sums can be told apart by. A call with two tags counts under both. Hours and days are in UTC. */
export const usageDimensions = [
  'key',
  'owner',
  'team',
  'tag',
  'model',
  'backend',
  'asked',
  'outcome',
  'hour',
  'day',
] as const;
export type UsageDimension = (typeof usageDimensions)[number];

export interface UsageRange {
  /** Milliseconds since 1970, inclusive. */
  readonly from: number;
  /** Milliseconds since 1970, exclusive. */
  readonly to: number;
  /** Exact values, all of which must hold; an empty text stands for none, such as no team. */
  readonly where?: UsageFilter;
}

export type UsageFilter = {
  readonly [Dimension in Exclude<UsageDimension, 'hour' | 'day'>]?: string;
};

export interface UsageSumsQuery extends UsageRange {
  /** None: one sum of all. */
  readonly by: readonly UsageDimension[];
}

/** Tokens that a backend did not report and that were not counted are not in the sums. */
export interface UsageSum {
  /** The values of the dimensions that were asked for; an hour or a day by its first millisecond, '' stands for none. */
  readonly of: { readonly [Dimension in UsageDimension]?: string | number };
  readonly calls: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly totalTokens: number;
  readonly cachedTokens: number;
  readonly reasoningTokens: number;
  /** Nano-dollars, of the calls whose cost is known. */
  readonly cost: number;
  /** Calls whose cost is not known. */
  readonly unpriced: number;
  /** Milliseconds of all calls together. */
  readonly totalMs: number;
}

export interface UsageRowsQuery extends UsageRange {
  /** At most this many. */
  readonly limit: number;
  /** Goes on behind the last row of a page. */
  readonly after?: UsageCursor;
}

export interface UsageCursor {
  readonly at: number;
  readonly id: string;
}

export interface UsagePage {
  readonly rows: readonly UsageEntry[];
  /** Undefined: these are the last ones. */
  readonly next: UsageCursor | undefined;
}
