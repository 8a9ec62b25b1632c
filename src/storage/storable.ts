import type { UsageEntry } from '../ledger/usage-entry.ts';

/** Names come from clients too; what is longer than this is cut. */
const longestText = 1000;
const largest = Number.MAX_SAFE_INTEGER;

/** A text as both databases can hold it: PostgreSQL knows neither NUL characters nor halves of surrogate pairs. */
export function storableText(text: string): string {
  if (text.isWellFormed() && !text.includes('\0')) return text;
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}

function name(text: string): string {
  return storableText(text.length > longestText ? text.slice(0, longestText) : text);
}

function optionalName(text: string | null): string | null {
  return text === null ? null : name(text);
}

/** A whole number that a double holds exactly; 0 for what is none. */
function whole(value: number): number {
  if (Number.isSafeInteger(value)) return value;
  return Number.isFinite(value) ? Math.max(-largest, Math.min(largest, Math.round(value))) : 0;
}

function optionalWhole(value: number | null): number | null {
  return value === null || !Number.isFinite(value) ? null : whole(value);
}

/** A row of the ledger such that no client can make it one that a database refuses. */
export function storableEntry(entry: UsageEntry): UsageEntry {
  return {
    id: name(entry.id),
    at: whole(entry.at),
    request_id: name(entry.request_id),
    key_name: name(entry.key_name),
    owner: optionalName(entry.owner),
    team: optionalName(entry.team),
    tags: storableText(entry.tags),
    protocol: name(entry.protocol),
    asked: name(entry.asked),
    backend: optionalName(entry.backend),
    model: optionalName(entry.model),
    stream: whole(entry.stream),
    status: whole(entry.status),
    outcome: name(entry.outcome),
    code: optionalName(entry.code),
    attempts: whole(entry.attempts),
    prompt_tokens: optionalWhole(entry.prompt_tokens),
    completion_tokens: optionalWhole(entry.completion_tokens),
    total_tokens: optionalWhole(entry.total_tokens),
    cached_tokens: optionalWhole(entry.cached_tokens),
    reasoning_tokens: optionalWhole(entry.reasoning_tokens),
    usage_source: name(entry.usage_source),
    cost: optionalWhole(entry.cost),
    first_byte_ms: optionalWhole(entry.first_byte_ms),
    total_ms: whole(entry.total_ms),
    approach: optionalName(entry.approach),
    calls: entry.calls === null ? null : storableText(entry.calls),
  };
}
