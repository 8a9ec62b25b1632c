import { type Kysely, type RawBuilder, sql } from 'kysely';
import { dayMs, hourMs } from './sum-cells.ts';
import type { Tables } from './tables.ts';
import { conditions, dimensionColumns } from './usage-filter.ts';
import type { UsageDimension, UsageSum, UsageSumsQuery } from './usage-records.ts';
import { summedColumns } from './usage-statements.ts';

/** A row of sums: the dimensions that were asked for under their names, with `tags` in place of `tag`. */
type SumRow = Record<string, string | number> & Record<(typeof summedColumns)[number], number>;

/** @throws Error of the database */
export async function readSums(
  database: Kysely<Tables>,
  kind: 'sqlite' | 'postgres',
  query: UsageSumsQuery,
): Promise<readonly UsageSum[]> {
  const by = [...new Set(query.by)];
  const dimensions = by.map((dimension) => sql`${expressionOf(dimension)} as ${sql.ref(dimension)}`);
  const sums = summedColumns.map((column) => sql`sum(${sql.ref(column)}) as ${sql.ref(column)}`);
  const groups = by.length === 0 ? sql`` : sql`group by ${sql.join(by.map(expressionOf))}`;
  const isTotal = by.every((dimension) => dimension === 'hour' || dimension === 'day') && !isFiltered(query);
  const filter = conditions(query.where ?? {}, kind);
  const cells = isTotal ? totalsOf(query) : cellsOf(query, by.includes('hour'), filter);
  const { rows } =
    await sql<SumRow>`select ${sql.join([...dimensions, ...sums])} from (${cells}) as cells ${groups}`.execute(
      database,
    );
  // Without dimensions there is a row of nulls where there is nothing to add up.
  const found = rows.filter(({ calls }) => calls !== null);
  return by.includes('tag') ? sumsByTag(found, by) : found.map((row) => sumOf(row, by));
}

function isFiltered({ where = {} }: UsageSumsQuery): boolean {
  return Object.values(where).some((value) => value !== undefined);
}

function totalsOf({ from, to }: UsageSumsQuery): RawBuilder<unknown> {
  const [first, end] = [Math.floor(from / hourMs) * hourMs, Math.ceil(to / hourMs) * hourMs];
  return sql`select * from usage_totals where start >= ${first} and start < ${end}`;
}

/** Whole days where there are any, and what is left at both ends in hours. */
function cellsOf({ from, to }: UsageSumsQuery, isByHour: boolean, filter: RawBuilder<unknown>): RawBuilder<unknown> {
  const first = Math.floor(from / hourMs) * hourMs;
  const end = Math.ceil(to / hourMs) * hourMs;
  const firstDay = Math.ceil(first / dayMs) * dayMs;
  const endDay = Math.floor(end / dayMs) * dayMs;
  const part = (table: 'usage_hours' | 'usage_days', start: number, stop: number) =>
    sql`select * from ${sql.table(table)} where start >= ${start} and start < ${stop} and ${filter}`;
  if (isByHour || firstDay >= endDay) return part('usage_hours', first, end);
  const edges = [part('usage_hours', first, firstDay), part('usage_hours', endDay, end)];
  return sql.join([part('usage_days', firstDay, endDay), ...edges], sql` union all `);
}

function expressionOf(dimension: UsageDimension): RawBuilder<unknown> {
  if (dimension === 'hour') return sql`start`;
  if (dimension === 'day') return sql`start - start % ${sql.lit(dayMs)}`;
  return sql.ref(dimensionColumns[dimension]);
}

function sumOf(row: SumRow, by: readonly UsageDimension[]): UsageSum {
  return {
    of: Object.fromEntries(by.map((dimension) => [dimension, row[dimension]])) as UsageSum['of'],
    calls: row.calls,
    promptTokens: row.prompt_tokens,
    completionTokens: row.completion_tokens,
    totalTokens: row.total_tokens,
    cachedTokens: row.cached_tokens,
    reasoningTokens: row.reasoning_tokens,
    cost: row.cost,
    unpriced: row.unpriced,
    totalMs: row.total_ms,
  };
}

/** The database adds up by lists of tags, of which there are few; each list then counts under all of its tags. */
function sumsByTag(rows: readonly SumRow[], by: readonly UsageDimension[]): readonly UsageSum[] {
  const sums = new Map<string, SumRow>();
  for (const row of rows) {
    const tags = JSON.parse(String(row.tag)) as string[];
    for (const tag of tags.length === 0 ? [''] : new Set(tags)) {
      const one: SumRow = { ...row, tag };
      const place = JSON.stringify(by.map((dimension) => one[dimension]));
      const sum = sums.get(place);
      if (sum === undefined) sums.set(place, one);
      else for (const column of summedColumns) sum[column] += row[column];
    }
  }
  return [...sums.values()].map((row) => sumOf(row, by));
}
