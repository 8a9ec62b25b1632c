import { PackedUsage } from '../storage/packed-usage.ts';
import { CounterSums } from './counter-sums.ts';
import type { CounterChange, UsageBatch, UsageEntry } from './usage-entry.ts';

/** What came since the last batch. */
export class OpenBatch {
  #entries = new PackedUsage();
  #sums = new CounterSums();

  get rows(): number {
    return this.#entries.length;
  }

  add(entry: UsageEntry): void {
    this.#entries.push(entry);
  }

  count(changes: readonly CounterChange[]): void {
    this.#sums.add(changes);
  }

  /** Closes it: what comes from now on belongs to the next one. @returns undefined: there is nothing */
  seal(id: () => string, at: number): UsageBatch | undefined {
    if (this.#entries.length === 0 && this.#sums.isEmpty) return undefined;
    const batch = { id: id(), at, entries: this.#entries, counters: this.#sums.changes() };
    this.#entries = new PackedUsage();
    this.#sums = new CounterSums();
    return batch;
  }
}

/**
 * The two halves of a batch that the store refuses, to find what it refuses in it. As nothing of the whole was written,
 * each half is a batch of its own.
 * @returns undefined: it cannot be halved
 */
export function halve({ id, at, entries, counters }: UsageBatch): readonly [UsageBatch, UsageBatch] | undefined {
  const more = counters.length > 0 && entries.length > 0;
  if (more) {
    return [
      { id: `${id}c`, at, entries: [], counters },
      { id: `${id}r`, at, entries, counters: [] },
    ];
  }
  const length = Math.max(entries.length, counters.length);
  if (length < 2) return undefined;
  const middle = length >> 1;
  const half = (name: string, from: number, to: number): UsageBatch => ({
    id: id + name,
    at,
    entries: entries.slice(from, to),
    counters: counters.slice(from, to),
  });
  return [half('0', 0, middle), half('1', middle, length)];
}
