import type { Config } from './config/config.ts';
import { type Deletions, type Package, remainingModels } from './config/deletions.ts';
import type { Storage } from './storage/storage.ts';

/**
 * Which packages are deleted, and in which order that came about among the reloads: a connector is back after a reload
 * that was asked for after it was deleted, however long either takes. So processes that are told the same in the same
 * order come to the same.
 */
export class DeletedPackages {
  readonly #storage: Storage | undefined;
  /** Internal names, with when each was deleted last. */
  readonly #connectors: Map<string, number>;
  #models: ReadonlySet<string>;
  #moments = 0;
  #now: Deletions;

  /** @param earlier what is deleted already; what the storage has comes to it */
  constructor(earlier: Deletions, storage: Storage | undefined) {
    this.#storage = storage;
    this.#connectors = new Map([...earlier.connectors].map((name) => [name, 0]));
    this.#models = new Set([...earlier.models, ...(storage?.deletedPackages() ?? [])]);
    this.#now = this.#describe();
  }

  get now(): Deletions {
    return this.#now;
  }

  /** This moment, to be given to `settle` when what was asked for now is done. */
  moment(): number {
    return this.#moments;
  }

  /** @returns whether it was not deleted before */
  add({ kind, name }: Package, by: string): boolean {
    const isNew = !(kind === 'connector' ? this.#connectors : this.#models).has(name);
    this.#moments++;
    if (kind === 'connector') {
      this.#connectors.set(name, this.#moments);
    } else if (isNew) {
      this.#storage?.addDeletedPackage(name, by);
      this.#models = new Set([...this.#models, name]);
    }
    this.#now = this.#describe();
    return isNew;
  }

  /**
   * After the files were read: the connectors that were deleted up to a moment are meant by the files, which name them
   * again; of the models, those stay deleted that the files still name.
   */
  settle(config: Config, moment: number): void {
    for (const [name, deletedAt] of this.#connectors) {
      if (deletedAt <= moment) this.#connectors.delete(name);
    }
    this.forgetModels(config);
  }

  /** Keeps those deleted models that the files still name; naming another one again brings it back. */
  forgetModels(config: Config): void {
    const left = remainingModels(config, this.#models);
    const gone = [...this.#models].filter((name) => !left.has(name));
    this.#models = left;
    this.#now = this.#describe();
    if (gone.length > 0) this.#storage?.forgetDeletedPackages(gone);
  }

  #describe(): Deletions {
    return { connectors: new Set(this.#connectors.keys()), models: this.#models };
  }
}
