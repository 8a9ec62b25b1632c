import type { Caller } from '../types/caller.ts';
import type { Usage } from '../types/usage.ts';
import type { ModelRecord, UsageRecord } from '../types/usage-record.ts';
import type { UsageEntry } from './usage-entry.ts';

/** Lists of tags as JSON, so that they are written once for each caller and not for each call. */
const writtenTags = new WeakMap<readonly string[], string>();

/**
 * A call that is over as a row of the ledger. It stands at the moment when the request came, so that it lies in the
 * period whose limits it was held against.
 * @param id unique over all machines
 * @param endedAt milliseconds since 1970
 */
export function toEntry(id: string, record: UsageRecord, caller: Caller, endedAt: number): UsageEntry {
  const { usage, approach } = record;
  return {
    id,
    at: Math.round(endedAt - record.totalMs),
    request_id: record.id,
    key_name: caller.name,
    owner: caller.owner ?? null,
    team: caller.team ?? null,
    tags: caller.tags === undefined ? '[]' : tagsText(caller.tags),
    protocol: record.protocol,
    asked: record.asked,
    backend: record.backend ?? null,
    model: record.model ?? null,
    stream: record.stream ? 1 : 0,
    status: record.status,
    outcome: record.outcome,
    code: record.code ?? null,
    attempts: record.attempts,
    prompt_tokens: usage?.promptTokens ?? null,
    completion_tokens: usage?.completionTokens ?? null,
    total_tokens: usage === undefined ? null : totalOf(usage),
    cached_tokens: usage?.cachedTokens ?? null,
    reasoning_tokens: usage?.reasoningTokens ?? null,
    usage_source: record.usageSource ?? (usage === undefined ? 'none' : 'reported'),
    cost: record.cost ?? null,
    first_byte_ms: record.firstByteMs === undefined ? null : Math.round(record.firstByteMs),
    total_ms: Math.round(record.totalMs),
    approach: approach?.name ?? null,
    calls: approach === undefined ? null : JSON.stringify(approach.models.map(toCalls)),
  };
}

/** What a model took of the calls of one request, as it stands in `UsageEntry.calls`. */
export interface ModelCalls {
  readonly backend: string;
  readonly model: string;
  readonly calls: number;
  readonly prompt_tokens: number | null;
  readonly completion_tokens: number | null;
  readonly total_tokens: number | null;
  readonly cached_tokens: number | null;
  readonly reasoning_tokens: number | null;
  /** Nano-dollars; null: not known. */
  readonly cost: number | null;
}

function toCalls({ backend, model, calls, usage, cost }: ModelRecord): ModelCalls {
  return {
    backend,
    model,
    calls,
    prompt_tokens: usage.promptTokens ?? null,
    completion_tokens: usage.completionTokens ?? null,
    total_tokens: totalOf(usage),
    cached_tokens: usage.cachedTokens ?? null,
    reasoning_tokens: usage.reasoningTokens ?? null,
    cost: cost === undefined ? null : Math.ceil(cost),
  };
}

function totalOf({ totalTokens, promptTokens, completionTokens }: Usage): number | null {
  if (totalTokens !== undefined) return totalTokens;
  return promptTokens === undefined && completionTokens === undefined
    ? null
    : (promptTokens ?? 0) + (completionTokens ?? 0);
}

function tagsText(tags: readonly string[]): string {
  let text = writtenTags.get(tags);
  if (text === undefined) {
    text = JSON.stringify(tags);
    writtenTags.set(tags, text);
  }
  return text;
}
