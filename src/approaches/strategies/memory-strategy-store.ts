import type { Strategy, StrategyStore } from './strategy-store.ts';

/** Lists of strategies, one for each caller and type. */
const mostLists = 2000;

/** Keeps strategies until the process ends; bounded: the lists that were not touched for longest go first. */
export class MemoryStrategyStore implements StrategyStore {
  readonly #lists = new Map<string, readonly Strategy[]>();
  readonly #most: number;

  constructor(most = mostLists) {
    this.#most = most;
  }

  async load(caller: string, type: string): Promise<readonly Strategy[]> {
    const key = keyOf(caller, type);
    const found = this.#lists.get(key);
    if (found === undefined) return [];
    this.#lists.delete(key);
    this.#lists.set(key, found);
    return found;
  }

  async change(
    caller: string,
    type: string,
    change: (strategies: readonly Strategy[]) => readonly Strategy[],
  ): Promise<void> {
    this.save(caller, type, change(this.#lists.get(keyOf(caller, type)) ?? []));
  }

  /** In place of all that were there. */
  save(caller: string, type: string, strategies: readonly Strategy[]): void {
    const key = keyOf(caller, type);
    this.#lists.delete(key);
    if (strategies.length > 0) this.#lists.set(key, strategies);
    for (const oldest of this.#lists.keys()) {
      if (this.#lists.size <= this.#most) break;
      this.#lists.delete(oldest);
    }
  }
}

/** The names of callers are free text. */
function keyOf(caller: string, type: string): string {
  return JSON.stringify([caller, type]);
}
