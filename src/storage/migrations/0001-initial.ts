import { type CreateTableBuilder, type Kysely, sql } from 'kysely';
import type { Migration } from './migration.ts';

/** All tables. State files from before there were migrations have `deleted_packages` already. */
export const initial: Migration = {
  number: 1,
  name: 'initial',
  async up(database, kind) {
    const create = new Tables(database, kind);
    await createKeys(create);
    await createUsage(create, kind);
    await create
      .table('revisions', { text: ['name'], integers: ['revision'] })
      .addPrimaryKeyConstraint('revisions_key', ['name'])
      .execute();
    await sql`insert into revisions (name, revision) values ('keys', 0)`.execute(database);
    await create
      .table('deleted_packages', { text: ['name', 'deleted_by', 'deleted_at'] })
      .ifNotExists()
      .addPrimaryKeyConstraint('deleted_packages_key', ['name'])
      .execute();
    await create
      .table('strategies', { text: ['key_name', 'type', 'strategies'] })
      .addColumn('id', kind === 'postgres' ? 'bigserial' : 'integer', (column) => column.primaryKey())
      .addUniqueConstraint('strategies_list', ['key_name', 'type'])
      .execute();
  },
};

async function createKeys(create: Tables): Promise<void> {
  const key = {
    text: ['id', 'name', 'tags', 'role'],
    optionalText: ['owner', 'team', 'models', 'tier', 'limits'],
    integers: ['created_at', 'version'],
    optionalIntegers: ['expires_at', 'disabled_at'],
  };
  await create
    .table('keys', key)
    .addPrimaryKeyConstraint('keys_key', ['id'])
    .addUniqueConstraint('keys_name', ['name'])
    .execute();
  const secret = { text: ['sha256', 'key_id', 'last4'], integers: ['created_at'], optionalIntegers: ['expires_at'] };
  await create
    .table('key_secrets', secret)
    .addPrimaryKeyConstraint('key_secrets_key', ['sha256'])
    .addForeignKeyConstraint('key_secrets_of', ['key_id'], 'keys', ['id'], (key) => key.onDelete('cascade'))
    .execute();
  await create.index('key_secrets', ['key_id']);
  const group = { text: ['kind', 'name'], optionalText: ['tier', 'limits'], integers: ['created_at', 'version'] };
  await create.table('groups', group).addPrimaryKeyConstraint('groups_key', ['kind', 'name']).execute();
}

async function createUsage(create: Tables, kind: 'sqlite' | 'postgres'): Promise<void> {
  // Rows are stored in the order of their time: pages by time read neighbours, and there is no second tree to keep.
  const clustered = kind === 'sqlite' ? sql`without rowid` : sql``;
  const call = {
    text: ['id', 'request_id', 'key_name', 'tags', 'protocol', 'asked', 'outcome', 'usage_source'],
    optionalText: ['owner', 'team', 'backend', 'model', 'code', 'approach', 'calls'],
    integers: ['at', 'stream', 'status', 'attempts', 'total_ms'],
    optionalIntegers: [
      ...['prompt_tokens', 'completion_tokens', 'total_tokens', 'cached_tokens', 'reasoning_tokens'],
      ...['cost', 'first_byte_ms'],
    ],
  };
  await create.table('usage', call).addPrimaryKeyConstraint('usage_key', ['at', 'id']).modifyEnd(clustered).execute();
  const sum = {
    text: ['cell', 'key_name', 'owner', 'team', 'tags', 'asked', 'backend', 'model', 'outcome'],
    integers: [
      ...['start', 'calls', 'prompt_tokens', 'completion_tokens', 'total_tokens', 'cached_tokens', 'reasoning_tokens'],
      ...['cost', 'unpriced', 'total_ms'],
    ],
  };
  for (const table of ['usage_hours', 'usage_days', 'usage_totals']) {
    const sums = create.table(table, sum).addPrimaryKeyConstraint(`${table}_key`, ['start', 'cell']);
    await sums.modifyEnd(clustered).execute();
  }
  await create
    .table('limit_counters', { text: ['limit_id'], integers: ['period_start', 'used'] })
    .addPrimaryKeyConstraint('limit_counters_key', ['limit_id', 'period_start'])
    .modifyEnd(clustered)
    .execute();
  await create
    .table('usage_batches', { text: ['id'], integers: ['at'] })
    .addPrimaryKeyConstraint('usage_batches_key', ['id'])
    .execute();
}

interface Columns {
  readonly text?: readonly string[];
  readonly optionalText?: readonly string[];
  readonly integers?: readonly string[];
  readonly optionalIntegers?: readonly string[];
}

/** Makes tables of texts and whole numbers, which in PostgreSQL need 64 bits. */
class Tables {
  readonly #database: Kysely<unknown>;
  readonly #integer: 'integer' | 'bigint';

  constructor(database: Kysely<unknown>, kind: 'sqlite' | 'postgres') {
    this.#database = database;
    this.#integer = kind === 'sqlite' ? 'integer' : 'bigint';
  }

  table(name: string, columns: Columns): CreateTableBuilder<string, string> {
    let table: CreateTableBuilder<string, string> = this.#database.schema.createTable(name);
    for (const column of columns.text ?? []) table = table.addColumn(column, 'text', (made) => made.notNull());
    for (const column of columns.integers ?? [])
      table = table.addColumn(column, this.#integer, (made) => made.notNull());
    for (const column of columns.optionalText ?? []) table = table.addColumn(column, 'text');
    for (const column of columns.optionalIntegers ?? []) table = table.addColumn(column, this.#integer);
    return table;
  }

  async index(table: string, columns: string[]): Promise<void> {
    await this.#database.schema
      .createIndex(`${table}_${columns.join('_')}`)
      .on(table)
      .columns(columns)
      .execute();
  }
}
