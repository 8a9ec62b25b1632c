import type { SqlDatabase } from './sql-database.ts';
import { storableText } from './storable.ts';
import type { StoredStrategy, StrategyStore } from './storage.ts';
import { StorageError } from './storage-error.ts';
import type { Guarded } from './storage-guard.ts';

/** Somebody else was faster so often in a row: then the store is busy. */
const mostTries = 20;

type Strategies = readonly StoredStrategy[];

/** Whose list it is, and of which type of question. */
interface List {
  readonly key_name: string;
  readonly type: string;
}

export class SqlStrategyStore implements StrategyStore {
  readonly #database: SqlDatabase;
  readonly #guarded: Guarded;

  constructor(database: SqlDatabase, guarded: Guarded) {
    this.#database = database;
    this.#guarded = guarded;
  }

  async load(caller: string, type: string): Promise<Strategies> {
    return parse(await this.#read(listOf(caller, type)));
  }

  async save(caller: string, type: string, strategies: Strategies): Promise<void> {
    await this.change(caller, type, () => strategies);
  }

  async change(caller: string, type: string, change: (strategies: Strategies) => Strategies): Promise<void> {
    const list = listOf(caller, type);
    for (let tries = 0; tries < mostTries; tries++) {
      const before = await this.#read(list);
      if (await this.#replace(list, before, change(parse(before)))) return;
    }
    throw new StorageError('unavailable', 'a list of strategies is changed by others all the time');
  }

  async #read({ key_name, type }: List): Promise<string | undefined> {
    const query = this.#database.main
      .selectFrom('strategies')
      .select('strategies')
      .where('key_name', '=', key_name)
      .where('type', '=', type);
    return (await this.#guarded(() => query.executeTakeFirst()))?.strategies;
  }

  /**
   * Puts a list in place of the one that was read.
   * @param before as it was read; undefined: there was none
   * @returns whether it was still there, so that this is done
   */
  async #replace(list: List, before: string | undefined, strategies: Strategies): Promise<boolean> {
    const text = JSON.stringify(strategies);
    if (before === undefined) return strategies.length === 0 || this.#insert(list, text);
    const { main } = this.#database;
    if (strategies.length > 0) {
      const update = main
        .updateTable('strategies')
        .set({ strategies: text })
        .where('key_name', '=', list.key_name)
        .where('type', '=', list.type)
        .where('strategies', '=', before);
      const { numUpdatedRows } = await this.#guarded(() => update.executeTakeFirst());
      return numUpdatedRows > 0n;
    }
    const forget = main
      .deleteFrom('strategies')
      .where('key_name', '=', list.key_name)
      .where('type', '=', list.type)
      .where('strategies', '=', before);
    const { numDeletedRows } = await this.#guarded(() => forget.executeTakeFirst());
    return numDeletedRows > 0n;
  }

  async #insert(list: List, text: string): Promise<boolean> {
    const insert = this.#database.main
      .insertInto('strategies')
      .values({ ...list, strategies: text })
      .onConflict((conflict) => conflict.columns(['key_name', 'type']).doNothing());
    const { numInsertedOrUpdatedRows = 0n } = await this.#guarded(() => insert.executeTakeFirst());
    return numInsertedOrUpdatedRows > 0n;
  }
}

function listOf(caller: string, type: string): List {
  return { key_name: storableText(caller), type: storableText(type) };
}

function parse(text: string | undefined): Strategies {
  return text === undefined ? [] : (JSON.parse(text) as StoredStrategy[]);
}
