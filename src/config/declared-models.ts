import type { BackendConfig } from './backend-config.ts';
import type { Pace } from './pace.ts';

/** Which models the files of backends declare, by their bare names. */
export class DeclaredModels {
  static readonly #known = new WeakMap<ReadonlyMap<string, BackendConfig>, DeclaredModels>();
  readonly #backends = new Map<string, string[]>();

  private constructor() {}

  /** Those of these backends; they are looked through once. */
  static of(backends: ReadonlyMap<string, BackendConfig>): DeclaredModels {
    const known = DeclaredModels.#known.get(backends);
    if (known !== undefined) return known;
    const models = new DeclaredModels();
    for (const backend of backends.values()) models.#add(backend);
    DeclaredModels.#known.set(backends, models);
    return models;
  }

  /** Looks through many backends, and leaves room for other work meanwhile. */
  static async prepare(backends: ReadonlyMap<string, BackendConfig>, pace: Pace): Promise<void> {
    const models = new DeclaredModels();
    for (const backend of backends.values()) {
      await pace.turn();
      models.#add(backend);
    }
    DeclaredModels.#known.set(backends, models);
  }

  /** The names of the backends that declare this model. */
  declaring(model: string): readonly string[] {
    return this.#backends.get(model) ?? [];
  }

  /** Each model with the backends that declare it. */
  entries(): Iterable<readonly [string, readonly string[]]> {
    return this.#backends;
  }

  #add(backend: BackendConfig): void {
    for (const model of backend.models.keys()) {
      const declaring = this.#backends.get(model);
      if (declaring) declaring.push(backend.name);
      else this.#backends.set(model, [backend.name]);
    }
  }
}

/** The backend and the model that `backend:model` names, where that backend declares it. */
export function splitDeclared(
  name: string,
  backends: ReadonlyMap<string, BackendConfig>,
): { readonly backend: BackendConfig; readonly model: string } | undefined {
  const colon = name.indexOf(':'); // the name of a backend has none
  if (colon < 0) return undefined;
  const backend = backends.get(name.slice(0, colon));
  const model = name.slice(colon + 1);
  return backend?.models.has(model) ? { backend, model } : undefined;
}
