import type * as z from 'zod';
import { readMoment } from '../config/expiry.ts';
import { GatewayError } from '../gateway-error.ts';
import type { Exchange } from '../http/exchange.ts';
import { callLine, callsHead, showCall, showSum, sumLine, sumsHead } from '../ledger/show-usage.ts';
import type { UsageEntry } from '../ledger/usage-entry.ts';
import type { Governor } from '../limits/governor.ts';
import { StorageError } from '../storage/storage-error.ts';
import type { UsageFilter, UsageRange, UsageRecords } from '../storage/usage-records.ts';
import type { Caller } from '../types/caller.ts';
import { exportStream } from './export-stream.ts';
import { showLimitStates } from './limit-states.ts';
import type { AdminHandler } from './operation.ts';
import { pageOf } from './page.ts';
import { readQuery } from './read-request.ts';
import { replyPrivate } from './show.ts';
import type { usageOperations } from './usage-operations.ts';
import { callsQuery, dimensionsOf, filterNames, limitsQuery, usageQuery } from './usage-schemas.ts';

export interface UsageHandlerPorts {
  /** @throws GatewayError where nothing is stored */
  readonly usage: () => UsageRecords;
  readonly governor: Governor;
  readonly callers: () => Iterable<Caller>;
}

type Query = Pick<z.output<typeof usageQuery>, 'from' | 'to' | (typeof filterNames)[number]>;

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Calls that are read at a time for an export. */
const exportedRows = 1000;

/** What the operations on usage do. */
export function createUsageHandlers(ports: UsageHandlerPorts): Record<keyof typeof usageOperations, AdminHandler> {
  return {
    getUsage: async (exchange) => {
      const usage = ports.usage();
      const query = readQuery(exchange, usageQuery);
      const by = dimensionsOf(query.group_by);
      const range = wholeHours(rangeOf(query));
      const sums = await stored(() => usage.sums({ ...range, by }));
      const shown = sums.map((sum) => showSum(sum, by));
      const placeOf = (sum: (typeof shown)[number]) => by.map((name) => sum[name] ?? '').join('\0');
      if (query.format === 'csv') {
        const lines = shown.toSorted((one, other) => (placeOf(one) < placeOf(other) ? -1 : 1));
        const text = sumsHead(by) + lines.map((sum) => sumLine(sum, by)).join('');
        return exchange.reply(200, downloadHeaders(exchange, 'csv', 'usage'), text);
      }
      const page = pageOf(shown, placeOf, (sum) => sum, query);
      replyPrivate(exchange, 200, { ...page, from: isoOf(range.from), to: isoOf(range.to) });
    },
    listCalls: async (exchange) => {
      const usage = ports.usage();
      const query = readQuery(exchange, callsQuery);
      const range = rangeOf(query);
      if (query.format !== 'json') return exportCalls(exchange, usage, range, query.format);
      const after = query.cursor === undefined ? undefined : readCursor(query.cursor);
      const { rows, next } = await stored(() => usage.rows({ ...range, limit: query.limit, ...(after && { after }) }));
      const cursor = next === undefined ? null : Buffer.from(`v1 ${next.at} ${next.id}`).toString('base64url');
      replyPrivate(exchange, 200, { object: 'list', data: rows.map(showCall), next_cursor: cursor });
    },
    getLimits: (exchange) => {
      const query = readQuery(exchange, limitsQuery);
      const states = showLimitStates(ports.callers(), ports.governor, query);
      const placeOf = ({ level, resource, period }: (typeof states)[number]) =>
        [level.kind, level.name, resource, period ?? ''].join('\0');
      replyPrivate(
        exchange,
        200,
        pageOf(states, placeOf, (state) => state, query),
      );
    },
  };
}

async function exportCalls(
  exchange: Exchange,
  usage: UsageRecords,
  range: UsageRange,
  format: 'csv' | 'ndjson',
): Promise<void> {
  const line = (entry: UsageEntry) =>
    format === 'csv' ? callLine(showCall(entry)) : `${JSON.stringify(showCall(entry))}\n`;
  const lines = (rows: readonly UsageEntry[]) => Buffer.from(rows.map(line).join(''));
  let page = await stored(() => usage.rows({ ...range, limit: exportedRows }));
  const stream = exportStream(exchange, downloadHeaders(exchange, format, 'calls'));
  if (format === 'csv') await stream.write(Buffer.from(callsHead));
  try {
    await stream.write(lines(page.rows));
    while (page.next !== undefined && !exchange.signal.aborted) {
      const after = page.next;
      page = await usage.rows({ ...range, limit: exportedRows, after });
      await stream.write(lines(page.rows));
    }
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    // The status has gone out already, so that the file itself has to say it.
    const what = 'ERROR: the storage cannot be reached, so that this is not all';
    await stream.write(Buffer.from(format === 'csv' ? `"${what}"\r\n` : `${JSON.stringify({ error: what })}\n`));
  }
  stream.end();
}

/** @throws GatewayError `invalid_request` */
export function rangeOf(query: Query): UsageRange {
  const to = query.to === undefined ? Date.now() + 1 : (readMoment(query.to) as number);
  const from = query.from === undefined ? to - 30 * dayMs : (readMoment(query.from) as number);
  if (from >= to) throw new GatewayError('invalid_request', 'from must lie before to', { param: 'from' });
  const where: { -readonly [Name in keyof UsageFilter]: UsageFilter[Name] } = {};
  for (const name of filterNames) {
    const value = query[name];
    if (value !== undefined) where[name] = value;
  }
  return { from, to, where };
}

/** The range as sums hold it. */
export function wholeHours(range: UsageRange): UsageRange {
  return { ...range, from: Math.floor(range.from / hourMs) * hourMs, to: Math.ceil(range.to / hourMs) * hourMs };
}

function readCursor(cursor: string): { at: number; id: string } {
  const [, at, id] = /^v1 (\d{1,15}) (.+)$/s.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (at !== undefined && id !== undefined) return { at: Number(at), id };
  throw new GatewayError('invalid_request', 'cursor must be the next_cursor of the page before', { param: 'cursor' });
}

async function stored<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    const message = 'the storage cannot be reached now, so that usage cannot be shown; it is kept, try again';
    throw new GatewayError('backend_unavailable', message, { cause: error, retryAfterMs: 1000 });
  }
}

function downloadHeaders({ id }: Exchange, format: 'csv' | 'ndjson', name: string): [string, string][] {
  return [
    ['content-type', format === 'csv' ? 'text/csv; charset=utf-8; header=present' : 'application/x-ndjson'],
    ['content-disposition', `attachment; filename="${name}.${format}"`],
    ['cache-control', 'no-store'],
    ['x-request-id', id],
  ];
}

function isoOf(moment: number): string {
  return new Date(moment).toISOString();
}
