import type { SqlDatabase } from './sql-database.ts';
import { storableText } from './storable.ts';
import type { StoredStrategy, StrategyStore } from './storage.ts';
import type { Guarded } from './storage-guard.ts';

export class SqlStrategyStore implements StrategyStore {
  readonly #database: SqlDatabase;
  readonly #guarded: Guarded;

  constructor(database: SqlDatabase, guarded: Guarded) {
    this.#database = database;
    this.#guarded = guarded;
  }

  async load(caller: string, type: string): Promise<readonly StoredStrategy[]> {
    const query = this.#database.main
      .selectFrom('strategies')
      .select('strategies')
      .where('key_name', '=', storableText(caller))
      .where('type', '=', storableText(type));
    const row = await this.#guarded(() => query.executeTakeFirst());
    return row === undefined ? [] : (JSON.parse(row.strategies) as StoredStrategy[]);
  }

  async save(caller: string, type: string, strategies: readonly StoredStrategy[]): Promise<void> {
    const { main } = this.#database;
    const list = { key_name: storableText(caller), type: storableText(type) };
    if (strategies.length === 0) {
      const forget = main.deleteFrom('strategies').where('key_name', '=', list.key_name).where('type', '=', list.type);
      await this.#guarded(() => forget.execute());
      return;
    }
    const text = JSON.stringify(strategies);
    const save = main
      .insertInto('strategies')
      .values({ ...list, strategies: text })
      .onConflict((conflict) => conflict.columns(['key_name', 'type']).doUpdateSet({ strategies: text }));
    await this.#guarded(() => save.execute());
  }
}
