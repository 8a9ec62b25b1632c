import type { LoadOptions } from './flags.ts';
import { type LoadedConfig, loadConfig } from './load.ts';
import { LoadMemory } from './load-memory.ts';

/**
 * Loads one configuration again and again. The first run takes no breaks; each later one parses only files whose bytes
 * have changed, and lets other work of the process go on in between. One run at a time.
 */
export class ConfigLoader {
  readonly #options: LoadOptions;
  readonly #memory = new LoadMemory();

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  load(): Promise<LoadedConfig> {
    return loadConfig(this.#options, this.#memory);
  }
}
