import { type Kysely, sql } from 'kysely';
import { hourMs } from './hour-cells.ts';
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
  const from = Math.floor(query.from / hourMs) * hourMs;
  const to = Math.ceil(query.to / hourMs) * hourMs;
  const selected = by.map((dimension) => sql`${expressionOf(dimension)} as ${sql.ref(dimension)}`);
  const sums = summedColumns.map((column) => sql`sum(${sql.ref(column)}) as ${sql.ref(column)}`);
  const rows = await database
    .selectFrom('usage_hours')
    .select(sql<never>`${sql.join([...selected, ...sums])}` as never)
    .where('hour', '>=', from)
    .where('hour', '<', to)
    .where((build) => conditions(build, query.where ?? {}, kind))
    .$if(by.length > 0, (all) => all.groupBy(by.map(expressionOf)))
    .execute();
  // Without dimensions there is a row of nulls where there is nothing to add up.
  const found = (rows as SumRow[]).filter(({ calls }) => calls !== null);
  return by.includes('tag') ? sumsByTag(found, by) : found.map((row) => sumOf(row, by));
}

function expressionOf(dimension: UsageDimension) {
  if (dimension === 'hour') return sql<number>`hour`;
  if (dimension === 'day') return sql<number>`hour - hour % 86400000`;
  return sql<string>`${sql.ref(dimensionColumns[dimension])}`;
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
