import { type Kysely, sql, type Transaction } from 'kysely';
import type { Tables } from '../tables.ts';
import { initial } from './0001-initial.ts';
import type { Migration } from './migration.ts';

/** In the order of their numbers. */
export const migrations: readonly Migration[] = [initial];

/** Of all gateways, so that of several that start at once one migrates and the others wait for it. */
const lockNumber = 4_722_366_482;

interface MigrationTable {
  readonly schema_migrations: { number: number; name: string; applied_at: number };
}

/**
 * Brings a database up to date, in one transaction under a lock. Nothing is done where nothing is missing.
 * @returns names of steps that a newer release has made and that this one does not know
 */
export async function migrate(
  database: Kysely<Tables>,
  kind: 'sqlite' | 'postgres',
  known: readonly Migration[] = migrations,
): Promise<readonly string[]> {
  const untyped = database as unknown as Kysely<unknown>;
  return untyped.transaction().execute(async (transaction) => {
    // SQLite's transaction has taken the lock of the file with its beginning.
    if (kind === 'postgres') await sql`select pg_advisory_xact_lock(${sql.lit(lockNumber)})`.execute(transaction);
    const own = transaction as unknown as Transaction<MigrationTable>;
    await createTable(transaction, kind);
    const applied = await own.selectFrom('schema_migrations').select(['number', 'name']).orderBy('number').execute();
    const done = new Set(applied.map(({ number }) => number));
    for (const migration of known) {
      if (done.has(migration.number)) continue;
      await migration.up(transaction, kind);
      const { number, name } = migration;
      await own.insertInto('schema_migrations').values({ number, name, applied_at: Date.now() }).execute();
    }
    const last = known.at(-1)?.number ?? 0;
    return applied.filter(({ number }) => number > last).map(({ number, name }) => `${number} ${name}`);
  });
}

async function createTable(database: Kysely<unknown>, kind: 'sqlite' | 'postgres'): Promise<void> {
  const integer = kind === 'sqlite' ? 'integer' : 'bigint';
  await database.schema
    .createTable('schema_migrations')
    .ifNotExists()
    .addColumn('number', 'integer', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('applied_at', integer, (column) => column.notNull())
    .execute();
}
