import { type RawBuilder, type SqlBool, sql } from 'kysely';
import { storableText } from './storable.ts';
import type { Tables } from './tables.ts';
import type { UsageFilter } from './usage-records.ts';

/** Which column says what a call is told apart by. */
export const dimensionColumns = {
  key: 'key_name',
  owner: 'owner',
  team: 'team',
  tag: 'tags',
  model: 'model',
  backend: 'backend',
  asked: 'asked',
  outcome: 'outcome',
} as const satisfies Record<keyof UsageFilter, keyof Tables['usage'] & keyof Tables['usage_hours']>;

/** All that a filter asks for, of single calls (where none is null) or of sums (where it is an empty text). */
export function conditions(filter: UsageFilter, kind: 'sqlite' | 'postgres'): RawBuilder<SqlBool> {
  const entries = Object.entries(filter) as [keyof UsageFilter, string | undefined][];
  const wanted = entries.filter((entry): entry is [keyof UsageFilter, string] => entry[1] !== undefined);
  const all = wanted.map(([dimension, value]) => condition(dimension, storableText(value), kind));
  return all.length === 0 ? sql<SqlBool>`1 = 1` : sql<SqlBool>`${sql.join(all, sql` and `)}`;
}

function condition(dimension: keyof UsageFilter, value: string, kind: 'sqlite' | 'postgres'): RawBuilder<SqlBool> {
  const column = sql.ref(dimensionColumns[dimension]);
  if (dimension !== 'tag') {
    return value === '' ? sql<SqlBool>`coalesce(${column}, '') = ''` : sql<SqlBool>`${column} = ${value}`;
  }
  if (value === '') return sql<SqlBool>`${column} = '[]'`;
  // A list without the name as JSON writes it need not be taken apart.
  const written = JSON.stringify(value);
  return kind === 'sqlite'
    ? sql<SqlBool>`(instr(${column}, ${written}) > 0 and exists (select 1 from json_each(${column}) as tag where tag.value = ${value}))`
    : sql<SqlBool>`(strpos(${column}, ${written}) > 0 and jsonb_exists(${column}::jsonb, ${value}))`;
}
