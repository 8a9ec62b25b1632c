import type { Kysely } from 'kysely';
import type { Tables } from './tables.ts';
import { conditions } from './usage-filter.ts';
import type { UsagePage, UsageRowsQuery } from './usage-records.ts';

/** @throws Error of the database */
export async function readRows(
  database: Kysely<Tables>,
  kind: 'sqlite' | 'postgres',
  { from, to, where = {}, limit, after }: UsageRowsQuery,
): Promise<UsagePage> {
  const rows = await database
    .selectFrom('usage')
    .selectAll()
    .where('at', '>=', from)
    .where('at', '<', Math.min(to, (after?.at ?? to) + 1)) // which is what an index can begin at
    .$if(after !== undefined, (all) =>
      all.where((build) => build(build.refTuple('at', 'id'), '<', build.tuple(after?.at ?? 0, after?.id ?? ''))),
    )
    .where(conditions(where, kind))
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { rows: page, next: rows.length > limit && last ? { at: last.at, id: last.id } : undefined };
}
