import type { VirtualKey } from '../keys/virtual-key.ts';
import type { UsageBatch, UsageEntry } from '../ledger/usage-entry.ts';

/** Texts that are something else to a database, to JSON or to a pattern. */
export const oddTexts = [
  "'; drop table keys; --",
  '%',
  '_',
  '100%_\\',
  '"a"',
  '["a","b"]',
  ',',
  "O'Brien",
  '\\',
  '\\"',
  '$1 ? :name @x #{y} $' + '{z}',
  'ünïcödé 日本語 🦉',
  ' leading and trailing ',
  'tab\tand\nnew line\r',
  'NULL',
  '0x41',
];

export function keyNamed(name: string, more: Partial<VirtualKey> = {}): VirtualKey {
  return {
    id: `key_${name}`,
    name,
    owner: undefined,
    team: undefined,
    tags: [],
    role: 'user',
    models: undefined,
    tier: undefined,
    limits: undefined,
    createdAt: 1_700_000_000_000,
    expiresAt: undefined,
    disabledAt: undefined,
    version: 1,
    secrets: [secretOf(name)],
    ...more,
  };
}

export function secretOf(text: string, more: Partial<VirtualKey['secrets'][number]> = {}) {
  const sha256 = Buffer.from(text).toString('hex').padEnd(64, '0');
  return { sha256, last4: 'abcd', createdAt: 1_700_000_000_000, expiresAt: undefined, ...more };
}

export function callOf(id: string, more: Partial<UsageEntry> = {}): UsageEntry {
  return {
    id,
    at: 1_700_000_000_000,
    request_id: `req_${id}`,
    key_name: 'alice',
    owner: 'ann',
    team: 'red',
    tags: '[]',
    protocol: 'openai-chat',
    asked: 'gpt',
    backend: 'a',
    model: 'm',
    stream: 0,
    status: 200,
    outcome: 'ok',
    code: null,
    attempts: 1,
    prompt_tokens: 10,
    completion_tokens: 5,
    total_tokens: 15,
    cached_tokens: 2,
    reasoning_tokens: 1,
    usage_source: 'reported',
    cost: 1000,
    first_byte_ms: 20,
    total_ms: 100,
    approach: null,
    calls: null,
    ...more,
  };
}

export function batchOf(id: string, entries: readonly UsageEntry[], counters: UsageBatch['counters'] = []): UsageBatch {
  return { id, at: 1_700_000_000_000, entries, counters };
}
