import { type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely';
import { dayMs } from './sum-cells.ts';
import type { Tables } from './tables.ts';
import { conditions } from './usage-filter.ts';
import type { UsagePage, UsageRowsQuery } from './usage-records.ts';

interface Range {
  readonly from: number;
  readonly to: number;
}

/** @throws Error of the database */
export async function readRows(
  database: Kysely<Tables>,
  kind: 'sqlite' | 'postgres',
  { from, to, where = {}, limit, after }: UsageRowsQuery,
): Promise<UsagePage> {
  const filter = conditions(where, kind);
  const whole = { from, to: Math.min(to, (after?.at ?? to) + 1) };
  const range = Object.keys(where).length === 0 ? whole : await narrowed(database, whole, filter, limit);
  if (range === undefined) return { rows: [], next: undefined };
  const rows = await database
    .selectFrom('usage')
    .selectAll()
    .where('at', '>=', range.from)
    .where('at', '<', range.to)
    .$if(after !== undefined, (all) =>
      all.where((build) => build(build.refTuple('at', 'id'), '<', build.tuple(after?.at ?? 0, after?.id ?? ''))),
    )
    .where(filter)
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { rows: page, next: rows.length > limit && last ? { at: last.at, id: last.id } : undefined };
}

/**
 * The newest days that hold a page, by the sums: calls that are rare need not be looked for where there are none.
 * @returns undefined: there is none at all
 */
async function narrowed(
  database: Kysely<Tables>,
  { from, to }: Range,
  filter: RawBuilder<SqlBool>,
  limit: number,
): Promise<Range | undefined> {
  const days = await database
    .selectFrom('usage_days')
    .select(['start', sql<number>`sum(calls)`.as('calls')])
    .where('start', '>', from - dayMs)
    .where('start', '<', to)
    .where(filter)
    .groupBy('start')
    .orderBy('start', 'desc')
    .execute();
  const [newest] = days;
  if (newest === undefined) return undefined;
  let found = 0;
  let oldest = newest.start;
  for (const { start, calls } of days) {
    oldest = start;
    const isWhole = start >= from && start + dayMs <= to;
    if (isWhole) found += calls;
    if (found > limit) break;
  }
  return { from: Math.max(from, oldest), to: Math.min(to, newest.start + dayMs) };
}
