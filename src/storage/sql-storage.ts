import { sql } from 'kysely';
import type { KeyStore } from './key-store.ts';
import type { SqlDatabase } from './sql-database.ts';
import { SqlKeyStore } from './sql-key-store.ts';
import { SqlPackageStore } from './sql-package-store.ts';
import { SqlStrategyStore } from './sql-strategy-store.ts';
import { SqlUsageRecords } from './sql-usage-records.ts';
import type { PackageStore, Storage, StorageHealth, StrategyStore } from './storage.ts';
import { deadlines, type Guarded, StorageGuard } from './storage-guard.ts';
import type { UsageRecords } from './usage-records.ts';

export interface SqlStorageOptions {
  /** Why the database is gone from the start; undefined: it is there and up to date. */
  readonly error?: string | undefined;
  /** Brings the database up to date, as soon as it is there for the first time. */
  readonly prepare: () => Promise<unknown>;
}

/** All stores over one database. */
export class SqlStorage implements Storage {
  readonly kind: Storage['kind'];
  readonly packages: PackageStore;
  readonly keys: KeyStore;
  readonly usage: UsageRecords;
  readonly strategies: StrategyStore;
  readonly #database: SqlDatabase;
  readonly #guard: StorageGuard;
  readonly #guarded: Guarded;
  #closing: Promise<void> | undefined;

  constructor(database: SqlDatabase, { error, prepare }: SqlStorageOptions) {
    this.kind = database.kind;
    this.#database = database;
    const probe = () => (this.health.wasOk ? touch(database) : prepare());
    this.#guard = new StorageGuard({ judge: (failure) => database.judge(failure), probe }, error);
    this.#guarded = (work, kind = 'short') => this.#guard.run(deadlines[kind], work);
    this.packages = new SqlPackageStore(database, this.#guarded);
    this.keys = new SqlKeyStore(database, this.#guarded);
    this.usage = new SqlUsageRecords(database, this.#guarded);
    this.strategies = new SqlStrategyStore(database, this.#guarded);
  }

  get health(): StorageHealth {
    return this.#guard.health;
  }

  onHealth(listener: (health: StorageHealth) => void): () => void {
    return this.#guard.onHealth(listener);
  }

  async revision(): Promise<number> {
    const query = this.#database.main.selectFrom('revisions').select('revision').where('name', '=', 'keys');
    const row = await this.#guarded(() => query.executeTakeFirst());
    return row?.revision ?? 0;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#guard.close();
    await this.#database.close();
  }
}

/** Writes something that means nothing: a database that can only be read from is no help. */
async function touch({ main }: SqlDatabase): Promise<void> {
  await main
    .insertInto('revisions')
    .values({ name: 'probe', revision: 1 })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ revision: sql`revisions.revision + 1` }))
    .execute();
}
