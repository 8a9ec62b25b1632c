import { MemoryStrategyStore } from './memory-strategy-store.ts';
import type { Strategy, StrategyStore } from './strategy-store.ts';

type Strategies = readonly Strategy[];

export interface LibraryOptions {
  /** Told why a list could not be looked up for an answer; once, until that goes well again. */
  readonly failed: (error: unknown) => void;
  /** Milliseconds that an answer waits for a list. */
  readonly patienceMs?: number;
}

/** Strategies as they are now, and changes to them that do not get in each other's way. */
export class StrategyLibrary {
  readonly #store: StrategyStore;
  readonly #options: Required<LibraryOptions>;
  /** The lists as they were last seen. */
  readonly #seen = new MemoryStrategyStore();
  /** The last change of each list that is not done yet. */
  readonly #changing = new Map<string, Promise<void>>();
  #isFailing = false;

  constructor(store: StrategyStore, options: LibraryOptions) {
    this.#store = store;
    this.#options = { patienceMs: 100, ...options };
  }

  /** A list for an answer, which it never fails and hardly delays: where the store is gone or slow, as it was last seen. */
  async known(caller: string, type: string): Promise<Strategies> {
    const seen = () => this.#seen.load(caller, type);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<Strategies>((resolve) => {
      timer = setTimeout(() => resolve(seen()), this.#options.patienceMs);
    });
    const loaded = this.load(caller, type).then(
      (strategies) => {
        this.#isFailing = false;
        return strategies;
      },
      (error: unknown) => {
        if (!this.#isFailing) this.#options.failed(error);
        this.#isFailing = true;
        return seen();
      },
    );
    try {
      return await Promise.race([loaded, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** A list as it is now. */
  async load(caller: string, type: string): Promise<Strategies> {
    const strategies = await this.#store.load(caller, type);
    this.#seen.save(caller, type, strategies);
    return strategies;
  }

  /**
   * Changes a list, after the changes that were begun before.
   * @param change of the list as it is by then; it may be asked more than once, and is not to wait for anything
   */
  async change(caller: string, type: string, change: (strategies: Strategies) => Strategies): Promise<void> {
    const key = JSON.stringify([caller, type]);
    const before = this.#changing.get(key) ?? Promise.resolve();
    const changed = before.then(() => this.#store.change(caller, type, change));
    const over = changed.catch(() => undefined); // told to whoever asked for it; the next one goes on from what is there
    this.#changing.set(key, over);
    try {
      await changed;
    } finally {
      if (this.#changing.get(key) === over) this.#changing.delete(key);
    }
  }
}
