import type { CounterChange } from '../limits/counter-change.ts';
import type { Tables } from '../storage/tables.ts';

/** A row of the ledger. */
export type UsageEntry = Tables['usage'];

export type { CounterChange };

/** Rows, in an array or packed. */
export interface UsageEntries extends Iterable<UsageEntry> {
  readonly length: number;
  slice(start: number, end: number): UsageEntries;
}

/** What is written in one transaction: once, however often it is delivered. */
export interface UsageBatch {
  /** Unique over all machines. */
  readonly id: string;
  readonly at: number;
  readonly entries: UsageEntries;
  readonly counters: readonly CounterChange[];
}

/** Where batches end up. */
export interface UsageStore {
  /** @throws Error where the store is gone; the batch is delivered again later */
  write(batch: UsageBatch): Promise<void>;
  /** What is used of limits in their present periods. */
  counters(
    limits: readonly { readonly limitId: string; readonly periodStart: number }[],
  ): Promise<readonly CounterChange[]>;
}
