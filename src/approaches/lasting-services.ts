import { Afterwork } from './afterwork.ts';
import { MemoryStrategyStore } from './strategies/memory-strategy-store.ts';
import { StrategyLibrary } from './strategies/strategy-library.ts';
import type { StrategyStore } from './strategies/strategy-store.ts';

/** What stages share beyond a request and beyond a configuration. */
export interface LastingServices {
  /** What was learned, for each caller apart. */
  readonly strategies: StrategyLibrary;
  /** What is done behind answers. */
  readonly afterwork: Afterwork;
}

/**
 * @param failed told of what failed and no client can be told of: behind an answer, or where it is given without
 * @param store keeps what was learned; left out: until the process ends
 */
export function openLastingServices(
  failed: (error: unknown) => void,
  store: StrategyStore = new MemoryStrategyStore(),
): LastingServices {
  return { strategies: new StrategyLibrary(store, { failed }), afterwork: new Afterwork({ failed }) };
}
