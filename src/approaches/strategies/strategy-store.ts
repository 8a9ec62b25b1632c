/** A way of going about questions of one type, and how it fared. */
export interface Strategy {
  readonly id: string;
  /** Advice for a model, a few sentences. */
  readonly text: string;
  /** How often it was judged. */
  readonly uses: number;
  /** How often it was judged to have helped. */
  readonly helped: number;
  /** How many uses it had when it was last reworded; 0: never. */
  readonly refinedAt: number;
}

type Strategies = readonly Strategy[];

/**
 * Keeps strategies, apart for each caller and each type of question. Implementations: `memory-strategy-store.ts`, and
 * the storage of the gateway, which may be gone for a while.
 */
export interface StrategyStore {
  /** In the order in which they were saved; none: there are none yet. */
  load(caller: string, type: string): Promise<Strategies>;
  /**
   * Changes a list; what others change at the same time is not lost.
   * @param change of the list as it is by then; it may be asked more than once, and is not to wait for anything
   */
  change(caller: string, type: string, change: (strategies: Strategies) => Strategies): Promise<void>;
}
