import type { Kysely } from 'kysely';
import type { CounterChange } from '../ledger/usage-entry.ts';
import type { PackedUsage } from './packed-usage.ts';
import type { Tables, UsageSumTable } from './tables.ts';

/** A database of either kind, as the stores of this folder use it. */
export interface SqlDatabase {
  readonly kind: 'sqlite' | 'postgres';
  /** Short calls, which end within the deadline. */
  readonly main: Kysely<Tables>;
  /** A connection of its own for what takes longer, so that it holds up no short call; opened with its first use. */
  reports(): Kysely<Tables>;
  /** In one transaction: all of it, or nothing where its id was written before. */
  write(batch: SqlUsageBatch): Promise<void>;
  /** What became of a call that failed; undefined: it is a mistake of ours. */
  judge(error: unknown): Judgement | undefined;
  close(): Promise<void>;
}

/** Whether the store is gone for now, or will never take this; with what is to be told. */
export interface Judgement {
  readonly code: 'unavailable' | 'refused';
  readonly message: string;
}

export interface SqlUsageBatch {
  readonly id: string;
  readonly at: number;
  readonly entries: PackedUsage;
  /** Ordered by their primary key, so that batches of several writers do not wait for each other in a circle. */
  readonly hours: readonly UsageSumTable[];
  /** Likewise. */
  readonly days: readonly UsageSumTable[];
  readonly totals: readonly UsageSumTable[];
  /** Likewise. */
  readonly counters: readonly CounterChange[];
}
