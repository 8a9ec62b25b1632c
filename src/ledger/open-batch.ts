import type { CounterChange, UsageBatch, UsageEntry } from './usage-entry.ts';

/** What came since the last batch. */
export class OpenBatch {
  #entries: UsageEntry[] = [];
  #changes: CounterChange[] = [];

  get rows(): number {
    return this.#entries.length;
  }

  add(entry: UsageEntry): void {
    this.#entries.push(entry);
  }

  count(changes: readonly CounterChange[]): void {
    for (const change of changes) this.#changes.push(change);
  }

  /** Closes it: what comes from now on belongs to the next one. @returns undefined: there is nothing */
  seal(id: () => string, at: number): UsageBatch | undefined {
    if (this.#entries.length === 0 && this.#changes.length === 0) return undefined;
    const batch = { id: id(), at, entries: this.#entries, counters: addUp(this.#changes) };
    this.#entries = [];
    this.#changes = [];
    return batch;
  }
}

/** One change for each limit and period. */
export function addUp(changes: readonly CounterChange[]): CounterChange[] {
  const sums = new Map<string, CounterChange>();
  for (const change of changes) {
    const place = `${change.periodStart} ${change.limitId}`;
    const sum = sums.get(place);
    sums.set(place, sum === undefined ? change : { ...change, used: sum.used + change.used });
  }
  return [...sums.values()];
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
  const parts = entries.length > 1 ? entries : counters;
  if (parts.length < 2) return undefined;
  const middle = parts.length >> 1;
  const half = (name: string, from: number, to: number): UsageBatch => ({
    id: id + name,
    at,
    entries: entries.slice(from, to),
    counters: counters.slice(from, to),
  });
  return [half('0', 0, middle), half('1', middle, parts.length)];
}
