import { expect, it, onTestFinished } from 'vitest';
import { batchOf, callOf } from '../storage/test-samples.ts';
import { Retention } from './retention.ts';
import { openTestStore } from './test-ledger.ts';

const day = 86_400_000;
const all = { from: 0, to: 1e15 };
const log = { info: () => {}, warn: () => {}, error: () => {} };

it('forgets calls first and their sums later, again and again, and neither where they are kept for ever', async () => {
  const { storage } = await openTestStore();
  const { usage } = storage;
  const now = Date.now();
  const write = (id: string, days: number) => usage.write(batchOf(id, [callOf(id, { at: now - days * day })]));
  await write('new', 1);
  await write('old', 50);
  await write('older', 500);
  const kept = async () => [
    (await usage.rows({ ...all, limit: 10 })).rows.length,
    (await usage.sums({ ...all, by: [] }))[0]?.calls,
  ];
  const forEver = new Retention({ usage, keepMs: undefined, keepSumsMs: undefined, log, everyMs: 20 });
  await new Promise((resolve) => setTimeout(resolve, 100));
  forEver.close();
  expect(await kept()).toEqual([3, 3]);
  const retention = new Retention({ usage, keepMs: 10 * day, keepSumsMs: 100 * day, log, everyMs: 20 });
  onTestFinished(() => retention.close());
  await expect.poll(kept).toEqual([1, 2]);
  await write('late', 50);
  await expect.poll(async () => (await kept())[0]).toBe(1);
  expect(await kept()).toEqual([1, 3]);
});
