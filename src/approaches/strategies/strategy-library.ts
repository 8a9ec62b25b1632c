import type { Strategy, StrategyStore } from './strategy-store.ts';

/** Strategies as they are now, and changes to them that do not get in each other's way. */
export class StrategyLibrary {
  readonly #store: StrategyStore;
  /** The last change of each list that is not done yet. */
  readonly #changing = new Map<string, Promise<void>>();

  constructor(store: StrategyStore) {
    this.#store = store;
  }

  load(caller: string, type: string): Promise<readonly Strategy[]> {
    return this.#store.load(caller, type);
  }

  /**
   * Changes a list, after the changes that were begun before.
   * @param change of the list as it is by then; it is not to wait for anything
   */
  async change(
    caller: string,
    type: string,
    change: (strategies: readonly Strategy[]) => readonly Strategy[],
  ): Promise<void> {
    const key = JSON.stringify([caller, type]);
    const before = this.#changing.get(key) ?? Promise.resolve();
    const changed = before.then(async () => {
      await this.#store.save(caller, type, change(await this.#store.load(caller, type)));
    });
    const over = changed.catch(() => undefined); // told to whoever asked for it; the next one goes on from what is there
    this.#changing.set(key, over);
    try {
      await changed;
    } finally {
      if (this.#changing.get(key) === over) this.#changing.delete(key);
    }
  }
}
