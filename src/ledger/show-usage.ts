import type { UsageDimension, UsageSum } from '../storage/usage-records.ts';
import { csvLine } from './csv.ts';
import type { ModelCalls } from './to-entry.ts';
import type { UsageEntry } from './usage-entry.ts';

/** Sums as people and programs see them: money in US dollars, times as ISO 8601, null for what is not known or not there. */
export function showSum({ of, ...sum }: UsageSum, by: readonly UsageDimension[]) {
  const dimensions = by.map((dimension) => [dimension, showDimension(dimension, of[dimension])]);
  return {
    ...(Object.fromEntries(dimensions) as { readonly [Dimension in UsageDimension]?: string | null }),
    calls: sum.calls,
    prompt_tokens: sum.promptTokens,
    completion_tokens: sum.completionTokens,
    total_tokens: sum.totalTokens,
    cached_tokens: sum.cachedTokens,
    reasoning_tokens: sum.reasoningTokens,
    // Where there are only calls of unknown cost, nothing is known.
    cost: sum.cost === 0 && sum.unpriced > 0 ? null : dollars(sum.cost),
    unpriced: sum.unpriced,
    average_ms: sum.calls === 0 ? null : Math.round(sum.totalMs / sum.calls),
  };
}

export type ShownSum = ReturnType<typeof showSum>;

/** One call, the same way. */
export function showCall(entry: UsageEntry) {
  return {
    object: 'call' as const,
    id: entry.id,
    at: new Date(entry.at).toISOString(),
    request_id: entry.request_id,
    key: entry.key_name,
    owner: entry.owner,
    team: entry.team,
    tags: JSON.parse(entry.tags) as string[],
    protocol: entry.protocol,
    asked: entry.asked,
    backend: entry.backend,
    model: entry.model,
    stream: entry.stream === 1,
    status: entry.status,
    outcome: entry.outcome,
    code: entry.code,
    attempts: entry.attempts,
    prompt_tokens: entry.prompt_tokens,
    completion_tokens: entry.completion_tokens,
    total_tokens: entry.total_tokens,
    cached_tokens: entry.cached_tokens,
    reasoning_tokens: entry.reasoning_tokens,
    usage_source: entry.usage_source,
    cost: dollarsOrNull(entry.cost),
    first_byte_ms: entry.first_byte_ms,
    total_ms: entry.total_ms,
    approach: entry.approach,
    calls: entry.calls === null ? null : (JSON.parse(entry.calls) as ModelCalls[]).map(showModelCalls),
  };
}

export type ShownCall = ReturnType<typeof showCall>;

function showModelCalls({ cost, ...calls }: ModelCalls) {
  return { ...calls, cost: dollarsOrNull(cost) };
}

const sumColumns = [
  'calls',
  'prompt_tokens',
  'completion_tokens',
  'total_tokens',
  'cached_tokens',
  'reasoning_tokens',
  'cost',
  'unpriced',
  'average_ms',
] as const satisfies readonly (keyof ShownSum)[];

export function sumsHead(by: readonly UsageDimension[]): string {
  return csvLine([...by, ...sumColumns]);
}

export function sumLine(sum: ShownSum, by: readonly UsageDimension[]): string {
  return csvLine([...by.map((dimension) => sum[dimension]), ...sumColumns.map((name) => plain(sum[name]))]);
}

const callColumns = [
  ...['id', 'at', 'request_id', 'key', 'owner', 'team', 'tags', 'protocol', 'asked', 'backend', 'model', 'stream'],
  ...['status', 'outcome', 'code', 'attempts', 'prompt_tokens', 'completion_tokens', 'total_tokens', 'cached_tokens'],
  ...['reasoning_tokens', 'usage_source', 'cost', 'first_byte_ms', 'total_ms', 'approach', 'calls'],
] as readonly Exclude<keyof ShownCall, 'object'>[];

export const callsHead = csvLine(callColumns);

export function callLine(call: ShownCall): string {
  return csvLine(
    callColumns.map((name) => {
      const value = call[name];
      if (typeof value === 'number') return plain(value);
      return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
    }),
  );
}

/** Never with an exponent, which some readers do not know. */
function plain(value: number | null): string | number | null {
  if (value === null || Number.isInteger(value)) return value;
  return value.toFixed(9).replace(/0+$/, '');
}

/** An hour or a day by its first moment; null for none, such as no team. */
function showDimension(dimension: UsageDimension, value: string | number | undefined): string | null {
  if (typeof value === 'number') {
    const moment = new Date(value).toISOString();
    return dimension === 'day' ? moment.slice(0, 10) : moment;
  }
  return value === undefined || value === '' ? null : value;
}

function dollarsOrNull(nanoDollars: number | null): number | null {
  return nanoDollars === null ? null : dollars(nanoDollars);
}

function dollars(nanoDollars: number): number {
  return nanoDollars / 1e9;
}
