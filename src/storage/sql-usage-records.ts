import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { CounterSums } from '../ledger/counter-sums.ts';
import type { CounterChange, UsageBatch } from '../ledger/usage-entry.ts';
import { PackedUsage } from './packed-usage.ts';
import type { SqlDatabase } from './sql-database.ts';
import { storableText } from './storable.ts';
import type { Guarded } from './storage-guard.ts';
import { dayMs, sumCells } from './sum-cells.ts';
import type { UsagePage, UsageRecords, UsageRowsQuery, UsageSum, UsageSumsQuery } from './usage-records.ts';
import { readRows } from './usage-rows.ts';
import { readSums } from './usage-sums.ts';

/** Rows that are forgotten in one transaction. */
const slice = 5000;
/** Limits that are asked for in one query; databases bound how many parameters one has. */
const mostLimits = 500;
/** A batch that was held back is not delivered again after so long. */
const batchesMs = 31 * dayMs;

export class SqlUsageRecords implements UsageRecords {
  readonly #database: SqlDatabase;
  readonly #guarded: Guarded;

  constructor(database: SqlDatabase, guarded: Guarded) {
    this.#database = database;
    this.#guarded = guarded;
  }

  async write(batch: UsageBatch): Promise<void> {
    const entries = PackedUsage.from(batch.entries);
    const ready = { id: batch.id, at: batch.at, entries, ...sumCells(entries.rows()), counters: added(batch.counters) };
    await this.#guarded(() => this.#database.write(ready));
  }

  async counters(
    limits: readonly { readonly limitId: string; readonly periodStart: number }[],
  ): Promise<readonly CounterChange[]> {
    const found: CounterChange[] = [];
    for (let start = 0; start < limits.length; start += mostLimits) {
      const some = limits.slice(start, start + mostLimits);
      const wanted = new Map(some.map((limit) => [placeOf(storableText(limit.limitId), limit.periodStart), limit]));
      const query = this.#database.main
        .selectFrom('limit_counters')
        .selectAll()
        .where('limit_id', 'in', [...new Set(some.map(({ limitId }) => storableText(limitId)))])
        .where('period_start', 'in', [...new Set(some.map(({ periodStart }) => periodStart))]);
      for (const { limit_id, period_start, used } of await this.#guarded(() => query.execute())) {
        const limit = wanted.get(placeOf(limit_id, period_start));
        if (limit) found.push({ ...limit, used });
      }
    }
    return found;
  }

  sums(query: UsageSumsQuery): Promise<readonly UsageSum[]> {
    return this.#guarded(() => readSums(this.#database.reports(), this.#database.kind, query), 'long');
  }

  rows(query: UsageRowsQuery): Promise<UsagePage> {
    return this.#guarded(() => readRows(this.#database.reports(), this.#database.kind, query), 'long');
  }

  async prune(moment: number, sumsMoment = moment): Promise<number> {
    const before = moment - (moment % dayMs);
    const sumsBefore = sumsMoment - (sumsMoment % dayMs);
    const calls = await this.#forget('usage', ['at', 'id'], 'at', before);
    await this.#forget('usage_hours', ['start', 'cell'], 'start', sumsBefore);
    await this.#forget('usage_days', ['start', 'cell'], 'start', sumsBefore);
    await this.#forget('usage_totals', ['start', 'cell'], 'start', sumsBefore);
    await this.#forget('usage_batches', ['id'], 'at', Date.now() - batchesMs);
    return calls;
  }

  /** Others have their turn between the slices. */
  async #forget(table: string, key: readonly string[], column: string, before: number): Promise<number> {
    const columns = sql.join(key.map((name) => sql.ref(name)));
    const old = sql`select ${columns} from ${sql.table(table)} where ${sql.ref(column)} < ${before} order by ${columns}`;
    const forget = sql`delete from ${sql.table(table)} where (${columns}) in (${old} limit ${sql.lit(slice)})`;
    // In SQLite a second connection would only wait for the first one, or the first for it.
    const { kind, main } = this.#database;
    const connection = kind === 'sqlite' ? main : this.#database.reports();
    let forgotten = 0;
    for (;;) {
      const { numAffectedRows = 0n } = await this.#guarded(() => forget.execute(connection), 'long');
      forgotten += Number(numAffectedRows);
      if (numAffectedRows < slice) return forgotten;
      await sleep(5);
    }
  }
}

/** One change for each limit and period, in the order of the table's primary key. */
function added(changes: readonly CounterChange[]): CounterChange[] {
  const sums = new CounterSums(changes.map((change) => ({ ...change, limitId: storableText(change.limitId) })));
  const placed = sums.changes().map((change) => [placeOf(change.limitId, change.periodStart), change] as const);
  return placed.sort(([one], [other]) => (one < other ? -1 : 1)).map(([, change]) => change);
}

function placeOf(limitId: string, periodStart: number): string {
  return `${limitId}\0${periodStart}`;
}
