import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { Ledger } from '../src/ledger/ledger.ts';
import { openSqliteStorage } from '../src/storage/sqlite-storage.ts';
import type { Caller } from '../src/types/caller.ts';
import type { UsageRecord } from '../src/types/usage-record.ts';

/**
 * What booking a call costs, with three counters of limits, in processor time: in the thread that serves alone until it
 * is handed over, that with all that the thread does for writing it, and of all threads until it is on disk.
 */
const rounds = 5;
const calls = 40_000;
/** Calls between two turns of the event loop. */
const burst = 20;

const folder = mkdtempSync(join(tmpdir(), 'headrace-book-'));
const storage = await openSqliteStorage(folder, () => {});
const silent = { info: () => {}, warn: () => {}, error: () => {} };
const ledger = new Ledger({
  store: storage.usage,
  health: () => storage.health,
  spool: undefined,
  flushIntervalMs: 1000,
  log: silent,
});
await ledger.start();
const callers: Caller[] = Array.from({ length: 50 }, (_, number) => ({
  ...{ name: `key ${number}`, role: 'user', models: undefined, owner: 'ann', team: `team ${number % 5}` },
  tags: ['batch'],
}));

/** What a call of each caller takes of limits. */
const taken = callers.map(({ name, team }) => [
  { limitId: `key:${name}/tokens/day`, periodStart: 0, used: 120 },
  { limitId: `key:${name}/cost/month`, periodStart: 0, used: 12_345 },
  { limitId: `team:${team}/cost/month`, periodStart: 0, used: 12_345 },
]);

function recordOf(number: number): UsageRecord {
  return {
    ...{ id: `req_${number}`, protocol: 'chat-completions', caller: 'x', asked: 'gpt', backend: 'a' },
    ...{ model: `m${number % 3}`, stream: false, status: 200, outcome: 'complete', code: undefined, error: undefined },
    ...{ attempts: 1, tries: undefined, clientRetries: undefined, usageSource: 'reported', cost: 12_345 },
    usage: { promptTokens: 100, completionTokens: 20, totalTokens: 120, cachedTokens: 10, reasoningTokens: undefined },
    ...{ firstByteMs: 12.3, totalMs: 45.6 },
  };
}

const figures: { readonly added: number; readonly thread: number; readonly all: number }[] = [];
let last = 0;
for (let round = 0; round <= rounds; round++) {
  const records = Array.from({ length: calls }, () => recordOf(++last));
  const all = process.cpuUsage();
  const thread = process.threadCpuUsage();
  let added = 0;
  for (let at = 0; at < calls; at += burst) {
    const from = performance.now();
    for (const [offset, record] of records.slice(at, at + burst).entries()) {
      const who = (at + offset) % callers.length;
      ledger.settled((taken[who] ?? []).map((change) => ({ ...change })));
      ledger.add(record, callers[who] as Caller);
    }
    added += performance.now() - from;
    await turn();
  }
  while (ledger.state.written < last) await sleep(5);
  const ofThread = process.threadCpuUsage(thread);
  const ofAll = process.cpuUsage(all);
  if (round === 0) continue; // warms up
  figures.push({
    added: (added * 1000) / calls,
    thread: (ofThread.user + ofThread.system) / calls,
    all: (ofAll.user + ofAll.system) / calls,
  });
}
await ledger.close(5000);
await storage.close();
rmSync(folder, { recursive: true });
for (const [what, name] of [
  ['handed over', 'added'],
  ['the serving thread, with writing', 'thread'],
  ['all threads', 'all'],
] as const) {
  const values = figures.map((figure) => figure[name]).sort((one, other) => one - other);
  console.log(`${what}: ${values.map((value) => value.toFixed(2)).join(', ')} us a call`);
}
