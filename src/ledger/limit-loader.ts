import type { UnloadedPeriod } from '../limits/memory-governor.ts';
import type { CounterChange, UsageStore } from './usage-entry.ts';

/** Limits of which must be known what was used before. */
export interface CounterSource {
  unloaded(): readonly UnloadedPeriod[];
  load(periods: readonly UnloadedPeriod[], found: readonly CounterChange[]): void;
}

/** Limits are asked so often whether they lack something, as a clock that steps makes them. */
const askMs = 10_000;

/** Tells limits what was used of them before this process began. */
export class LimitLoader {
  readonly #store: UsageStore;
  #limits: CounterSource | undefined;
  #askAt = 0;

  constructor(store: UsageStore) {
    this.#store = store;
  }

  /** From now on these. */
  of(limits: CounterSource): void {
    this.#limits = limits;
    this.#askAt = 0;
  }

  /** @returns false: they are not all told, since the store is gone */
  async load(): Promise<boolean> {
    const limits = this.#limits;
    if (limits === undefined || performance.now() < this.#askAt) return true;
    this.#askAt = performance.now() + askMs;
    const periods = limits.unloaded();
    if (periods.length === 0) return true;
    try {
      limits.load(periods, await this.#store.counters(periods));
      return true;
    } catch {
      this.#askAt = 0; // the storage itself says that it is gone
      return false;
    }
  }
}
