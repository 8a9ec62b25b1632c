// Fills a ledger, and measures what writing a row costs and how long the questions of the usage page take:
//   node bench/ledger.ts [sqlite|postgres] [rows]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UsageBatch, UsageEntry } from '../src/ledger/usage-entry.ts';
import { Secret } from '../src/secret.ts';
import { openPostgresStorage } from '../src/storage/postgres-storage.ts';
import { openSqliteStorage } from '../src/storage/sqlite-storage.ts';
import type { Storage } from '../src/storage/storage.ts';
import type { UsageRecords } from '../src/storage/usage-records.ts';
import { findPostgres, startPostgres } from '../test/harness/real-postgres.ts';

const [kind = 'sqlite', wantedRows = '1000000'] = process.argv.slice(2);
const rows = Number(wantedRows);
const batchRows = 1000;
const keys = 200;
const spanMs = 30 * 86_400_000;
const end = 1_790_000_000_000;
const models = ['gpt-4o', 'gpt-4o-mini', 'claude', 'llama', 'qwen', 'mistral'];

/** A gateway's month: each key has three models of its own, one call in fifty fails. */
function entryOf(number: number): UsageEntry {
  const key = (number * 7919) % keys;
  const model = models[(key + (number % 3)) % models.length] ?? 'gpt-4o';
  const failed = number % 50 === 0;
  const prompt = 200 + ((number * 31) % 3000);
  const completion = failed ? 0 : 20 + ((number * 17) % 700);
  return {
    id: `instance-a-${number}`,
    at: Math.floor(end - spanMs + (number / rows) * spanMs),
    request_id: `req_${number.toString(36).padStart(20, '0')}`,
    key_name: `key-${key}`,
    owner: `owner-${key % 100}`,
    team: `team-${key % 10}`,
    tags: key % 4 === 0 ? '["batch","nightly"]' : '["chat"]',
    protocol: 'openai-chat',
    asked: model,
    backend: `backend-${key % 3}`,
    model,
    stream: number % 2,
    status: failed ? 502 : 200,
    outcome: failed ? 'failed' : 'ok',
    code: failed ? 'upstream_error' : null,
    attempts: 1,
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    cached_tokens: prompt >> 1,
    reasoning_tokens: 0,
    usage_source: 'reported',
    cost: failed ? null : prompt * 150 + completion * 600,
    first_byte_ms: 180,
    total_ms: 900 + (number % 4000),
    approach: null,
    calls: null,
  };
}

function batchOf(start: number): UsageBatch {
  const entries = Array.from({ length: Math.min(batchRows, rows - start) }, (_, place) => entryOf(start + place));
  const counters = Array.from({ length: 20 }, (_, place) => ({
    limitId: `key:key-${place}/cost/month`,
    periodStart: end - spanMs,
    used: 1000,
  }));
  return { id: `batch-${start}`, at: end, entries, counters };
}

/** A busy second: the same models, and no more keys than are active in a second. */
function busyBatch(number: number): UsageBatch {
  const batch = batchOf(0);
  const entries = [...batch.entries].map((entry, place) => ({
    ...entry,
    id: `busy-${number}-${place}`,
    at: end + number * 1000 + place,
    key_name: `key-${place % 20}`,
    owner: `owner-${place % 20}`,
    team: 'team',
    tags: '[]',
    backend: 'backend',
    model: models[0] ?? '',
    asked: models[0] ?? '',
  }));
  return { ...batch, id: `busy-${number}`, entries };
}

/** Microseconds of processor time: of this process with all its threads, and of its main thread alone. */
async function write({ usage }: Storage, name: string, count: number, make: (number: number) => UsageBatch) {
  let all = 0;
  let main = 0;
  let slowest = 0;
  for (let number = 0; number < count; number++) {
    const batch = make(number); // what others make is not what is measured
    const began = performance.now();
    const before = [process.cpuUsage(), process.threadCpuUsage()] as const;
    await usage.write(batch);
    const [whole, thread] = [process.cpuUsage(before[0]), process.threadCpuUsage(before[1])];
    all += whole.user + whole.system;
    main += thread.user + thread.system;
    slowest = Math.max(slowest, performance.now() - began);
  }
  const each = (total: number) => (total / count / batchRows).toFixed(2);
  console.log(`${name}: ${each(all)} us of this process' processor time a row, of them ${each(main)} us in the main`);
  console.log(`thread, in ${count} batches of ${batchRows}; the slowest took ${slowest.toFixed(0)} ms`);
}

function questions(usage: UsageRecords): Record<string, () => Promise<unknown>> {
  const month = { from: end - spanMs, to: end };
  const day = { from: end - 86_400_000, to: end };
  return {
    'sum of the month': () => usage.sums({ ...month, by: [] }),
    'month by key': () => usage.sums({ ...month, by: ['key'] }),
    'month by day and model': () => usage.sums({ ...month, by: ['day', 'model'] }),
    'month by team and tag': () => usage.sums({ ...month, by: ['team', 'tag'] }),
    'month by hour': () => usage.sums({ ...month, by: ['hour'] }),
    'month by day of one key': () => usage.sums({ ...month, by: ['day'], where: { key: 'key-7' } }),
    'month by model of one tag': () => usage.sums({ ...month, by: ['model'], where: { tag: 'nightly' } }),
    'day by key and model': () => usage.sums({ ...day, by: ['key', 'model'] }),
    'newest 100 calls': () => usage.rows({ ...month, limit: 100 }),
    '100 calls from the middle': () =>
      usage.rows({ ...month, limit: 100, after: { at: end - spanMs / 2, id: 'instance' } }),
    'newest 100 calls of one key': () => usage.rows({ ...month, limit: 100, where: { key: 'key-7' } }),
    'newest 100 failed calls of one key': () =>
      usage.rows({ ...month, limit: 100, where: { key: 'key-7', outcome: 'failed' } }),
    'calls of a key that made none': () => usage.rows({ ...month, limit: 100, where: { key: 'nobody' } }),
    'calls with a tag that none has': () => usage.rows({ ...month, limit: 100, where: { tag: 'nothing' } }),
  };
}

async function ask({ usage }: Storage): Promise<void> {
  for (const [name, question] of Object.entries(questions(usage))) {
    const times: number[] = [];
    for (let turn = 0; turn < 5; turn++) {
      const began = performance.now();
      await question();
      times.push(performance.now() - began);
    }
    const [first = 0, ...others] = times;
    const median = others.sort((one, other) => one - other)[1] ?? 0;
    console.log(`${name.padEnd(36)} ${median.toFixed(1).padStart(8)} ms, the first time ${first.toFixed(1)} ms`);
  }
}

async function measure(storage: Storage): Promise<void> {
  console.log(`${kind}, Node ${process.version}`);
  await write(storage, '20 keys at a time', 100, busyBatch);
  await write(storage, '200 keys with 3 models each', rows / batchRows, (number) => batchOf(number * batchRows));
  await ask(storage);
  await storage.close();
}

if (kind === 'postgres') {
  const programs = findPostgres();
  if (programs === undefined) throw new Error('there is no PostgreSQL to measure');
  const server = await startPostgres(programs);
  try {
    await measure(await openPostgresStorage(new Secret(await server.createDatabase())));
  } finally {
    await server.stop();
  }
} else {
  const folder = mkdtempSync(join(tmpdir(), 'headrace-ledger-'));
  try {
    await measure(await openSqliteStorage(folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
