import type { Config } from './config/config.ts';
import { type Deletions, type Package, remainingModels } from './config/deletions.ts';
import type { PackageStore } from './storage/storage.ts';

/**
 * Which packages are deleted, and in which order that came about among the reloads: a connector is back after a reload
 * that was asked for after it was deleted, however long either takes. So processes that are told the same in the same
 * order come to the same.
 */
export class DeletedPackages {
  readonly #store: PackageStore | undefined;
  /** Internal names, with when each was deleted last. */
  readonly #connectors: Map<string, number>;
  #models: ReadonlySet<string>;
  #moments = 0;
  #now: Deletions;
  /** What is not stored yet, by name, with who deleted it; undefined: it is to be forgotten. */
  readonly #unstored = new Map<string, string | undefined>();
  #storing: Promise<void> = Promise.resolve();

  /** @param earlier what is deleted already, with what the store has */
  constructor(earlier: Deletions, store: PackageStore | undefined) {
    this.#store = store;
    this.#connectors = new Map([...earlier.connectors].map((name) => [name, 0]));
    this.#models = new Set(earlier.models);
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
      this.#unstored.set(name, by);
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
    for (const name of gone) this.#unstored.set(name, undefined);
  }

  /** What the store had all along, where it could not be asked before. */
  recall(names: readonly string[]): void {
    const wanted = names.filter((name) => !this.#unstored.has(name));
    this.#models = new Set([...this.#models, ...wanted]);
    this.#now = this.#describe();
  }

  /**
   * Resolves when all is stored that has changed. What the store does not take is kept for the next time.
   * @throws StorageError
   */
  store(): Promise<void> {
    const stored = this.#storing.then(() => this.#storeAll());
    this.#storing = stored.catch(() => {}); // told to whoever asked for it
    return stored;
  }

  async #storeAll(): Promise<void> {
    for (const [name, by] of this.#unstored) {
      if (by === undefined) await this.#store?.forgetDeleted([name]);
      else await this.#store?.addDeleted(name, by);
      if (this.#unstored.get(name) === by) this.#unstored.delete(name);
    }
  }

  #describe(): Deletions {
    return { connectors: new Set(this.#connectors.keys()), models: this.#models };
  }
}
