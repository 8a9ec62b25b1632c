import { Kysely } from 'kysely';
import type { PackedRows } from './packed-usage.ts';
import type { Judgement, SqlDatabase, SqlUsageBatch } from './sql-database.ts';
import { SqliteConnection, SqliteError } from './sqlite-connection.ts';
import { sqliteDialect } from './sqlite-dialect.ts';
import type { SqliteStatement, SqliteValue } from './sqlite-messages.ts';
import type { Tables } from './tables.ts';
import { batchInserts } from './usage-statements.ts';

/** Shorter than the deadline of a call, so that what is told is that the file is locked. */
const busyMs = 1500;

/** Reports are rare, and a thread takes some 15 MB. */
const reportsIdleMs = 3000;

/** SQLITE_CONSTRAINT, SQLITE_TOOBIG and SQLITE_MISMATCH: what was to be stored is at fault, not the store. */
const refusals: ReadonlySet<number> = new Set([18, 19, 20]);

export class SqliteDatabase implements SqlDatabase {
  readonly kind = 'sqlite';
  readonly main: Kysely<Tables>;
  readonly #file: string;
  readonly #connection: SqliteConnection;
  #reports: Kysely<Tables> | undefined;

  constructor(file: string) {
    this.#file = file;
    this.#connection = new SqliteConnection(file, { busyMs });
    this.main = new Kysely<Tables>({ dialect: sqliteDialect(this.#connection) });
  }

  reports(): Kysely<Tables> {
    this.#reports ??= new Kysely<Tables>({
      dialect: sqliteDialect(new SqliteConnection(this.#file, { busyMs, idleMs: reportsIdleMs })),
    });
    return this.#reports;
  }

  /** Not by way of Kysely, which would take a message for each row. Waits for the transaction that is under way. */
  async write(batch: SqlUsageBatch): Promise<void> {
    await this.main.connection().execute(() => this.#connection.batch(statementsOf(batch)));
  }

  judge(error: unknown): Judgement | undefined {
    if (!(error instanceof SqliteError)) return undefined;
    const { message, errcode } = error;
    const isRefusal = errcode !== undefined && refusals.has(errcode & 0xff);
    return { code: isRefusal ? 'refused' : 'unavailable', message: `${message} (${this.#file})` };
  }

  async close(): Promise<void> {
    await Promise.all([this.main.destroy(), this.#reports?.destroy()]);
    await this.#connection.close(); // Kysely ends only what it has begun
  }
}

function statementsOf({ id, at, entries, hours, days, totals, counters }: SqlUsageBatch): SqliteStatement[] {
  const rows: readonly SqliteStatement['rows'][] = [
    [[id, at]],
    ofItsOwn(entries.rows()),
    rowsOf(hours, batchInserts[2].columns),
    rowsOf(days, batchInserts[3].columns),
    rowsOf(totals, batchInserts[4].columns),
    counters.map(({ limitId, periodStart, used }) => [limitId, periodStart, used]),
  ];
  return batchInserts.map((insert, place) => ({ sql: textOf(insert), rows: rows[place] ?? [] }));
}

/** A copy that can be moved to the thread. */
function ofItsOwn(rows: PackedRows): PackedRows {
  return { ...rows, cells: rows.cells.slice() };
}

function rowsOf<Column extends string>(
  values: readonly { readonly [Name in Column]: SqliteValue }[],
  columns: readonly Column[],
): SqliteValue[][] {
  return values.map((value) => columns.map((column) => value[column]));
}

function textOf({ table, columns, conflict }: (typeof batchInserts)[number]): string {
  return `insert into ${table} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')}) ${conflict}`;
}
