import type { SqlDatabase } from './sql-database.ts';
import { storableText } from './storable.ts';
import type { PackageStore } from './storage.ts';
import type { Guarded } from './storage-guard.ts';

export class SqlPackageStore implements PackageStore {
  readonly #database: SqlDatabase;
  readonly #guarded: Guarded;

  constructor(database: SqlDatabase, guarded: Guarded) {
    this.#database = database;
    this.#guarded = guarded;
  }

  async deleted(): Promise<readonly string[]> {
    const query = this.#database.main.selectFrom('deleted_packages').select('name').orderBy('name');
    const rows = await this.#guarded(() => query.execute());
    return rows.map(({ name }) => name);
  }

  async addDeleted(name: string, by: string): Promise<void> {
    const values = { deleted_by: storableText(by), deleted_at: new Date().toISOString() };
    const query = this.#database.main
      .insertInto('deleted_packages')
      .values({ name: storableText(name), ...values })
      .onConflict((conflict) => conflict.column('name').doUpdateSet(values));
    await this.#guarded(() => query.execute());
  }

  async forgetDeleted(names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    await this.#guarded(() =>
      this.#database.main.transaction().execute(async (transaction) => {
        for (const name of names) {
          await transaction.deleteFrom('deleted_packages').where('name', '=', storableText(name)).execute();
        }
      }),
    );
  }
}
