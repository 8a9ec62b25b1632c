import type { UsageEntry } from '../ledger/usage-entry.ts';
import type { UsageSumTable } from './tables.ts';

/** Columns of a row of the ledger, in the order in which they are written. */
export const usageColumns = [
  'id',
  'at',
  'request_id',
  'key_name',
  'owner',
  'team',
  'tags',
  'protocol',
  'asked',
  'backend',
  'model',
  'stream',
  'status',
  'outcome',
  'code',
  'attempts',
  'prompt_tokens',
  'completion_tokens',
  'total_tokens',
  'cached_tokens',
  'reasoning_tokens',
  'usage_source',
  'cost',
  'first_byte_ms',
  'total_ms',
  'approach',
  'calls',
] as const satisfies readonly (keyof UsageEntry)[];

/** What is added up in hours. */
export const summedColumns = [
  'calls',
  'prompt_tokens',
  'completion_tokens',
  'total_tokens',
  'cached_tokens',
  'reasoning_tokens',
  'cost',
  'unpriced',
  'total_ms',
] as const satisfies readonly (keyof UsageSumTable)[];

const sumColumns = [
  'start',
  'cell',
  'key_name',
  'owner',
  'team',
  'tags',
  'asked',
  'backend',
  'model',
  'outcome',
  ...summedColumns,
] as const satisfies readonly (keyof UsageSumTable)[];

const addSums = (table: 'usage_hours' | 'usage_days' | 'usage_totals') =>
  `on conflict (start, cell) do update set ${summedColumns.map((name) => `${name} = ${table}.${name} + excluded.${name}`).join(', ')}`;
const addUsed = 'on conflict (limit_id, period_start) do update set used = limit_counters.used + excluded.used';

/** What a batch writes, in this order: a table, its columns, and what becomes of a row that is there already. */
export const batchInserts = [
  { table: 'usage_batches', columns: ['id', 'at'], conflict: 'on conflict (id) do nothing' },
  { table: 'usage', columns: usageColumns, conflict: '' },
  { table: 'usage_hours', columns: sumColumns, conflict: addSums('usage_hours') },
  { table: 'usage_days', columns: sumColumns, conflict: addSums('usage_days') },
  { table: 'usage_totals', columns: sumColumns, conflict: addSums('usage_totals') },
  { table: 'limit_counters', columns: ['limit_id', 'period_start', 'used'], conflict: addUsed },
] as const;
