import { Kysely, PostgresDialect, sql, type Transaction } from 'kysely';
import { openPool, sqlState } from './postgres-pool.ts';
import type { Judgement, SqlDatabase, SqlUsageBatch } from './sql-database.ts';
import { StorageOpenError } from './storage-open-error.ts';
import type { Tables } from './tables.ts';
import { batchInserts } from './usage-statements.ts';

/** Data, constraints, sizes: what was to be stored is at fault. Its own mistakes in SQL are told apart by `42`. */
const refusals = ['22', '23', '54'];
/** Another transaction was in the way; the same works when it is done again. */
const again: ReadonlySet<string | undefined> = new Set(['40001', '40P01']);
const mostTries = 4;

export class PostgresDatabase implements SqlDatabase {
  readonly kind = 'postgres';
  readonly main: Kysely<Tables>;
  readonly #url: string;
  readonly #shown: string;
  #reports: Kysely<Tables> | undefined;

  /**
   * @param url with its password
   * @param shown for people
   */
  constructor(url: string, shown: string) {
    this.#url = url;
    this.#shown = shown;
    this.main = this.#open(3, 1800);
  }

  reports(): Kysely<Tables> {
    this.#reports ??= this.#open(2, 14_000);
    return this.#reports;
  }

  #open(connections: number, statementMs: number): Kysely<Tables> {
    const pool = () => openPool({ url: this.#url, connections, statementMs });
    return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  }

  async write(batch: SqlUsageBatch): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await this.main.transaction().execute((transaction) => writeAll(transaction, batch));
        return;
      } catch (error) {
        if (!again.has(sqlState(error)) || tries === mostTries) throw error;
      }
    }
  }

  judge(error: unknown): Judgement | undefined {
    if (error instanceof StorageOpenError || error instanceof TypeError) return undefined;
    const state = sqlState(error);
    if (state?.startsWith('42')) return undefined;
    const code = state !== undefined && refusals.includes(state.slice(0, 2)) ? 'refused' : 'unavailable';
    return { code, message: `${describe(error)} (${this.#shown})` };
  }

  async close(): Promise<void> {
    await Promise.all([this.main.destroy(), this.#reports?.destroy()]);
  }
}

/** An attempt to connect to several addresses that all fail has no message of its own. */
export function describe(error: unknown): string {
  const { message, code, errors } = error as { message?: string; code?: string; errors?: readonly Error[] };
  return message || errors?.[0]?.message || code || String(error);
}

/** Each table's rows go as one JSON text, which the server takes apart. */
async function writeAll(transaction: Transaction<Tables>, batch: SqlUsageBatch): Promise<void> {
  const { id, at, entries, hours, days, totals, counters } = batch;
  const used = counters.map((counter) => ({
    limit_id: counter.limitId,
    period_start: counter.periodStart,
    used: counter.used,
  }));
  const rows = [[{ id, at }], [...entries], hours, days, totals, used];
  for (const [place, { table, columns, conflict }] of batchInserts.entries()) {
    const some = rows[place] ?? [];
    if (some.length === 0) continue;
    const names = sql.raw(columns.join(', '));
    const source = sql`select ${names} from json_populate_recordset(null::${sql.table(table)}, ${JSON.stringify(some)})`;
    const insert = sql`insert into ${sql.table(table)} (${names}) ${source} ${sql.raw(conflict)}`;
    const { numAffectedRows } = await insert.execute(transaction);
    if (table === 'usage_batches' && numAffectedRows === 0n) return; // it is there already, with all that it holds
  }
}
