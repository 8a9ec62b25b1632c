import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { CounterSums } from './counter-sums.ts';
import { book, openTestLedger, openTestStore, recordOf, spoolIn, testFolder } from './test-ledger.ts';
import type { UsageEntry } from './usage-entry.ts';

const limit = { limitId: 'key:alice/tokens/day', periodStart: 0 };
const idsOf = (rows: readonly UsageEntry[]) => rows.map((row) => row.request_id).sort();

describe('the ledger', () => {
  it('writes what came, once per interval, with what it took of limits', async () => {
    const store = await openTestStore();
    const { ledger } = openTestLedger(store);
    await ledger.start();
    const records = [recordOf(), recordOf({ cost: undefined, usage: undefined, usageSource: 'none', status: 429 })];
    for (const record of records) book(ledger, record);
    expect(ledger.state).toMatchObject({ waiting: 2, written: 0 });
    await expect.poll(() => ledger.state).toMatchObject({ waiting: 0, written: 2, lost: 0, store: 'ok' });
    expect(store.sent).toHaveLength(1);
    const rows = await store.rows();
    const byRequest = new Map(rows.map((row) => [row.request_id, row]));
    expect(byRequest.get(records[0]?.id ?? '')).toMatchObject({
      ...{ key_name: 'alice', owner: 'ann', team: 'red', tags: '["a"]', total_tokens: 5, cost: 7, first_byte_ms: 1 },
    });
    expect(byRequest.get(records[1]?.id ?? '')).toMatchObject({ cost: null, total_tokens: null, usage_source: 'none' });
    expect(await store.counters([limit])).toEqual([{ ...limit, used: 5 }]);
  });

  it('does not wait for the interval when thousands of calls wait', async () => {
    const store = await openTestStore();
    const { ledger } = openTestLedger(store, { flushIntervalMs: 60_000 });
    await ledger.start();
    for (let i = 0; i < 2400; i++) book(ledger);
    await expect.poll(() => ledger.state.written).toBe(2400);
    expect((await store.rows()).length).toBe(2400);
    expect(await store.counters([limit])).toMatchObject([{ used: 12_000 }]);
  });

  it('delivers a batch again of which it does not know whether it was written, and it counts once', async () => {
    const store = await openTestStore();
    const { ledger } = openTestLedger(store);
    await ledger.start();
    store.fates = ['unknown', 'gone'];
    book(ledger);
    await expect.poll(() => ledger.state.written, { timeout: 20_000 }).toBe(1);
    expect(store.sent).toHaveLength(3);
    expect(new Set(store.sent).size).toBe(1);
    expect(await store.rows()).toHaveLength(1);
    expect(await store.counters([limit])).toMatchObject([{ used: 5 }]);
  });

  it('keeps usage on disk while the store is gone, and delivers it in order when it is back', async () => {
    const folder = testFolder();
    const store = await openTestStore(folder);
    const { ledger } = openTestLedger(store, { spool: spoolIn(folder) });
    await ledger.start();
    store.isThere = false;
    const records = Array.from({ length: 5 }, () => recordOf());
    for (const record of records) {
      book(ledger, record);
      await sleep(30);
    }
    await expect.poll(() => ledger.state).toMatchObject({ store: 'lost', waiting: 0, spooled: 5 });
    expect(readdirSync(join(folder, 'spool')).length).toBeGreaterThan(2);
    expect(ledger.state.spooledBytes).toBeGreaterThan(500);
    store.isThere = true;
    await expect.poll(() => ledger.state).toMatchObject({ spooled: 0, written: 5, spooledBytes: 0 });
    expect(idsOf(await store.rows())).toEqual(records.map(({ id }) => id).sort());
    expect(store.sent).toEqual([...store.sent].sort((one, other) => numberOf(one) - numberOf(other)));
    expect(readdirSync(join(folder, 'spool'))).toEqual([]);
  });

  it('delivers what earlier processes left, and what nobody could finish writing is no batch', async () => {
    const folder = testFolder();
    const store = await openTestStore(folder);
    const earlier = openTestLedger(store, { spool: spoolIn(folder) }).ledger;
    await earlier.start();
    store.isThere = false;
    book(earlier);
    book(earlier);
    await earlier.close(1000);
    writeFileSync(join(folder, 'spool', '000000000-x-1-3.ndjson.tmp'), '{"id":');
    expect((await store.rows()).length).toBe(0);
    const { ledger } = openTestLedger(store, { spool: spoolIn(folder) });
    await ledger.start();
    expect(ledger.state).toMatchObject({ spooled: 2, written: 0 });
    store.isThere = true;
    await expect.poll(() => ledger.state).toMatchObject({ spooled: 0, written: 2, lost: 0 });
    expect(await store.counters([limit])).toMatchObject([{ used: 10 }]);
  });

  it('puts aside a damaged file, counts its calls as lost, and goes on', async () => {
    const folder = testFolder();
    const store = await openTestStore(folder);
    const earlier = openTestLedger(store, { spool: spoolIn(folder) }).ledger;
    await earlier.start();
    store.isThere = false;
    book(earlier);
    await earlier.close(0);
    const [name = ''] = readdirSync(join(folder, 'spool'));
    const path = join(folder, 'spool', name);
    const text = readFileSync(path, 'utf8');
    writeFileSync(join(folder, 'spool', name.replace(/^0/, '1')), text.replaceAll(earlier.instance, 'other'));
    writeFileSync(path, text.slice(0, -10));
    store.isThere = true;
    const { ledger, said } = openTestLedger(store, { spool: spoolIn(folder) });
    await ledger.start();
    await expect.poll(() => ledger.state).toMatchObject({ spooled: 0, written: 1, lost: 1 });
    expect(said).toContain('a file of usage that waited is damaged');
    expect(existsSync(`${path}.damaged`)).toBe(true);
  });

  it('gives up the newest calls where there is no room, says so, and keeps what they took of limits', async () => {
    const folder = testFolder();
    const store = await openTestStore(folder);
    const { ledger, said } = openTestLedger(store, { spool: spoolIn(folder, 2000), mostWaiting: 3 });
    await ledger.start();
    store.isThere = false;
    const records = Array.from({ length: 20 }, () => recordOf());
    for (const record of records) {
      book(ledger, record);
      await sleep(25);
    }
    await expect.poll(() => ledger.state.lost, { timeout: 20_000 }).toBeGreaterThan(5);
    expect(said.join()).toContain('is full');
    expect(said).toContain('usage is lost');
    const { lost, waiting, spooled } = ledger.state;
    expect(lost + waiting + spooled).toBe(20);
    store.isThere = true;
    await expect.poll(() => ledger.state).toMatchObject({ waiting: 0, spooled: 0 });
    const rows = await store.rows();
    expect(rows.length + ledger.state.lost).toBe(20);
    expect(rows.map((row) => row.request_id)).toEqual(expect.arrayContaining([records[0]?.id, records[1]?.id]));
    expect(await store.counters([limit])).toMatchObject([{ used: 100 }]);
  });

  it('keeps usage in memory where there is no disk, within bounds', async () => {
    const store = await openTestStore();
    const { ledger } = openTestLedger(store, { mostWaiting: 10 });
    await ledger.start();
    store.isThere = false;
    for (let i = 0; i < 30; i++) {
      book(ledger);
      if (i % 5 === 4) await sleep(30);
    }
    await expect.poll(() => ledger.state).toMatchObject({ waiting: 10, lost: 20 });
    store.isThere = true;
    await expect.poll(() => ledger.state).toMatchObject({ waiting: 0, written: 10 });
    expect(await store.counters([limit])).toMatchObject([{ used: 150 }]);
  });

  it('finds the call that the store refuses, and writes all others', async () => {
    const store = await openTestStore();
    const { ledger } = openTestLedger(store);
    await ledger.start();
    store.refuses = ({ entries }) => [...entries].some(({ model }) => model === 'poison');
    for (let i = 0; i < 9; i++) book(ledger, recordOf({ model: i === 4 ? 'poison' : 'm' }));
    await expect.poll(() => ledger.state).toMatchObject({ waiting: 0, written: 8, lost: 1 });
    expect(await store.rows()).toHaveLength(8);
    expect(await store.counters([limit])).toMatchObject([{ used: 45 }]);
  });

  it('has on disk what waits for a store that does not answer', async () => {
    const folder = testFolder();
    const store = await openTestStore(folder);
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
    const { ledger } = openTestLedger(store, { spool: spoolIn(folder) });
    await ledger.start();
    const { write } = store;
    store.write = async (batch) => {
      await answered;
      await write.call(store, batch);
    };
    book(ledger);
    await expect.poll(() => ledger.state.spooled).toBe(1);
    answer();
    await expect.poll(() => ledger.state).toMatchObject({ spooled: 0, spooledBytes: 0, written: 1 });
    expect(readdirSync(join(folder, 'spool'))).toEqual([]);
  });

  it('writes all that waits when it closes', async () => {
    const store = await openTestStore();
    const { ledger, said } = openTestLedger(store, { flushIntervalMs: 60_000 });
    await ledger.start();
    for (let i = 0; i < 10; i++) book(ledger);
    await ledger.close(5000);
    expect(await store.rows()).toHaveLength(10);
    book(ledger);
    expect(ledger.state.lost).toBe(1);
    expect(said).toContain('usage is lost');
  });

  it('loads what limits had used before it writes anything of them', async () => {
    const store = await openTestStore();
    const first = openTestLedger(store).ledger;
    await first.start();
    book(first);
    await first.close(5000);
    const { ledger } = openTestLedger(store, { flushIntervalMs: 10 });
    const loaded: number[] = [];
    let isUnloaded = true;
    const limits = {
      unloaded: () => (isUnloaded ? [limit] : []),
      load: (_: unknown, found: readonly { used: number }[]) => {
        isUnloaded = false;
        loaded.push(...found.map(({ used }) => used));
      },
    };
    store.isThere = false;
    await ledger.start(10);
    ledger.loadLimits(limits);
    book(ledger);
    await sleep(50);
    expect(loaded).toEqual([]);
    store.isThere = true;
    await expect.poll(() => ledger.state.written).toBe(1);
    expect(loaded).toEqual([5]);
    expect(await store.counters([limit])).toMatchObject([{ used: 10 }]);
  });
});

it('changes of one limit in one period are added up', () => {
  const [a, b] = [
    { limitId: 'a', periodStart: 0 },
    { limitId: 'a', periodStart: 1 },
  ];
  const sums = new CounterSums([
    { ...a, used: 1 },
    { ...b, used: 2 },
    { ...a, used: 4 },
  ]).changes();
  expect(sums).toEqual([
    { ...a, used: 5 },
    { ...b, used: 2 },
  ]);
});

function numberOf(batch: string): number {
  return Number(batch.split('-').at(-1));
}

it('what is left of a batch that is refused in part is kept on disk at the end', async () => {
  const store = await openTestStore();
  const spool = spoolIn(testFolder());
  const { ledger } = openTestLedger(store, { spool, flushIntervalMs: 5 });
  await ledger.start();
  let parts = 0;
  store.refuses = ({ entries }) => {
    if (entries.length > 0 && ++parts > 1) store.isThere = false; // it is gone when the first half comes
    return [...entries].some(({ model }) => model === 'poison');
  };
  const records = [recordOf(), recordOf(), recordOf({ model: 'poison' }), recordOf()];
  for (const record of records) book(ledger, record);
  await expect.poll(() => parts).toBeGreaterThan(1);
  await ledger.close(50);
  store.isThere = true;
  store.refuses = ({ entries }) => [...entries].some(({ model }) => model === 'poison');
  const next = openTestLedger(store, { spool, flushIntervalMs: 5 });
  await next.ledger.start();
  await expect.poll(async () => (await store.rows()).length).toBe(3);
  expect(idsOf(await store.rows())).toEqual([records[0], records[1], records[3]].map((record) => record?.id).sort());
  expect(await store.counters([limit])).toMatchObject([{ used: 20 }]);
});
