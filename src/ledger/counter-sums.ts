import type { CounterChange } from './usage-entry.ts';

/** What was used of limits, one sum for each limit and period. */
export class CounterSums {
  /** By limits; of one there are rarely two periods at a time. */
  readonly #sums = new Map<string, (CounterChange & { used: number })[]>();

  /** @param changes that are in it already */
  constructor(changes: readonly CounterChange[] = []) {
    this.add(changes);
  }

  get isEmpty(): boolean {
    return this.#sums.size === 0;
  }

  add(changes: readonly CounterChange[]): void {
    for (const { limitId, periodStart, used } of changes) {
      const sums = this.#sums.get(limitId);
      const sum = sums?.find((one) => one.periodStart === periodStart);
      if (sum !== undefined) sum.used += used;
      else if (sums !== undefined) sums.push({ limitId, periodStart, used });
      else this.#sums.set(limitId, [{ limitId, periodStart, used }]);
    }
  }

  changes(): CounterChange[] {
    return [...this.#sums.values()].flat();
  }
}
