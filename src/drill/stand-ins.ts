import type { BackendConfig } from '../config/backend-config.ts';
import type { Config } from '../config/config.ts';
import { StandIn } from './stand-in.ts';

/** The stand-ins of all backends and providers. */
export class StandIns {
  readonly #all: ReadonlyMap<BackendConfig, StandIn>;

  private constructor(all: ReadonlyMap<BackendConfig, StandIn>) {
    this.#all = all;
  }

  /** One for each backend and provider of the configuration, each on a port of its own. */
  static async start(config: Config): Promise<StandIns> {
    const all = new Map<BackendConfig, StandIn>();
    try {
      for (const backend of [...config.backends.values(), ...config.providers.values()]) {
        all.set(backend, await StandIn.start());
      }
    } catch (error) {
      await new StandIns(all).close();
      throw error;
    }
    return new StandIns(all);
  }

  /** @param backend of the configuration that they were started for */
  of(backend: BackendConfig): StandIn {
    const standIn = this.#all.get(backend);
    if (standIn === undefined) throw new Error(`there is no stand-in for the backend ${backend.name}`);
    return standIn;
  }

  /** All answer well, and have forgotten what came. */
  async reset(): Promise<void> {
    for (const standIn of this.#all.values()) {
      await standIn.heal();
      standIn.reset();
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#all.values()].map((standIn) => standIn.close()));
  }
}
