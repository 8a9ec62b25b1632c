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

/** Keeps strategies, apart for each caller and each type of question. Implementations: `memory-strategy-store.ts`. */
export interface StrategyStore {
  /** In the order in which they were saved; none: there are none yet. */
  load(caller: string, type: string): Promise<readonly Strategy[]>;
  /** In place of all that were there. */
  save(caller: string, type: string, strategies: readonly Strategy[]): Promise<void>;
}
