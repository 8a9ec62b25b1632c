import { once } from 'node:events';
import { checked } from '../admin/read-request.ts';
import { rangeOf, wholeHours } from '../admin/usage-handlers.ts';
import { dimensionsOf, filterNames, usageQuery } from '../admin/usage-schemas.ts';
import { GatewayError } from '../gateway-error.ts';
import { callLine, callsHead, type ShownCall, showCall, showSum, sumLine, sumsHead } from '../ledger/show-usage.ts';
import { openStorage } from '../storage/open-storage.ts';
import { StorageError } from '../storage/storage-error.ts';
import { StorageOpenError } from '../storage/storage-open-error.ts';
import type { UsageCursor, UsageDimension, UsageRange, UsageRecords } from '../storage/usage-records.ts';
import type { ConfigFlags } from './config-options.ts';
import { printTable } from './keys-text.ts';
import { loadOrComplain } from './load.ts';

export type UsageFlags = ConfigFlags & {
  readonly [Name in (typeof filterNames)[number]]?: string;
} & {
  readonly from?: string;
  readonly to?: string;
  readonly groupBy?: string;
  readonly calls?: boolean;
  readonly format: string;
};

type Format = 'table' | 'json' | 'csv';

/** Prints sums or single calls; says why where that fails, with exit code 1. */
export async function showUsage(flags: UsageFlags): Promise<void> {
  const config = await loadOrComplain(flags);
  if (config === undefined) return;
  try {
    const { range, by, format } = readFlags(flags);
    const storage = await openStorage(config.settings.storage, complain);
    if (storage === undefined) {
      throw new GatewayError('conflict', 'there is no storage; set storage.folder or storage.url in headrace.yaml');
    }
    try {
      if (flags.calls) await printCalls(storage.usage, range, format);
      else await printSums(storage.usage, range, by, format);
    } finally {
      await storage.close();
    }
  } catch (error) {
    const isKnown = [GatewayError, StorageOpenError, StorageError].some((kind) => error instanceof kind);
    if (!isKnown) throw error;
    complain((error as Error).message);
    process.exitCode = 1;
  }
}

function readFlags(flags: UsageFlags): {
  readonly range: UsageRange;
  readonly by: readonly UsageDimension[];
  readonly format: Format;
} {
  const { from, to, groupBy, format } = flags;
  const filters = Object.fromEntries(filterNames.map((name) => [name, flags[name]]));
  const given = Object.entries({ ...filters, from, to, group_by: groupBy }).filter(([, value]) => value !== undefined);
  const query = checked(usageQuery, Object.fromEntries(given));
  if (format !== 'table' && format !== 'json' && format !== 'csv') {
    throw new GatewayError('invalid_request', '--format must be table, json or csv');
  }
  return { range: rangeOf(query), by: dimensionsOf(query.group_by), format };
}

async function printSums(
  usage: UsageRecords,
  range: UsageRange,
  by: readonly UsageDimension[],
  format: Format,
): Promise<void> {
  const sums = (await usage.sums({ ...wholeHours(range), by })).map((sum) => showSum(sum, by));
  const placeOf = (sum: (typeof sums)[number]) => by.map((name) => sum[name] ?? '').join('\0');
  sums.sort((one, other) => (placeOf(one) < placeOf(other) ? -1 : 1));
  if (format === 'json') return print(sums.map((sum) => `${JSON.stringify(sum)}\n`).join(''));
  if (format === 'csv') return print(sumsHead(by) + sums.map((sum) => sumLine(sum, by)).join(''));
  const heads = [
    ...by.map((name) => name.toUpperCase()),
    'CALLS',
    'PROMPT',
    'COMPLETION',
    'TOKENS',
    'COST',
    'UNPRICED',
  ];
  const rows = sums.map((sum) => [
    ...by.map((name) => sum[name] ?? '-'),
    ...[sum.calls, sum.prompt_tokens, sum.completion_tokens, sum.total_tokens].map(String),
    ...[money(sum.cost), String(sum.unpriced)],
  ]);
  printTable(heads, rows);
}

async function printCalls(usage: UsageRecords, range: UsageRange, format: Format): Promise<void> {
  if (format === 'csv') await print(callsHead);
  if (format === 'table') await print(`${tableHeads.join('  ')}\n`);
  const line = (call: ShownCall) => {
    if (format === 'csv') return callLine(call);
    return format === 'json' ? `${JSON.stringify(call)}\n` : tableLine(call);
  };
  for (let after: UsageCursor | undefined, isFirst = true; isFirst || after !== undefined; isFirst = false) {
    const { rows, next } = await usage.rows({ ...range, limit: 1000, ...(after && { after }) });
    await print(rows.map((row) => line(showCall(row))).join(''));
    after = next;
  }
}

const tableHeads = ['AT                      ', 'KEY', 'ASKED', 'SERVED BY', 'OUTCOME', 'TOKENS', 'COST'];

/** Columns as they come, since nobody knows how wide those to come are. */
function tableLine({ at, key, asked, backend, model, outcome, total_tokens: tokens, cost }: ShownCall): string {
  const served = backend === null ? '-' : `${backend}:${model}`;
  return `${[at, key, asked || '-', served, outcome, tokens ?? '-', money(cost)].join('  ')}\n`;
}

function money(dollars: number | null): string {
  return dollars === null ? 'unknown' : `$${dollars.toFixed(dollars === 0 || dollars >= 0.01 ? 2 : 6)}`;
}

/** No faster than it is taken. */
async function print(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}

function complain(message: string): void {
  process.stderr.write(`headrace: ${message}\n`);
}
