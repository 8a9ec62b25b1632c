import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Ledger } from './ledger.ts';
import { Spool } from './spool.ts';
import { book, type CuttableStore, openTestLedger, openTestStore, recordOf, testFolder } from './test-ledger.ts';

/** A folder whose process can be killed: then nothing more comes there from it. */
class MortalSpool extends Spool {
  isAlive = true;

  override async put(...args: Parameters<Spool['put']>) {
    if (!this.isAlive) throw new Error('dead');
    return super.put(...args);
  }
}

const limits = ['key:alice/tokens/day', 'team:red/tokens/month', 'tag:a/tokens/total'];

/** The store never takes what is poison. */
const call = fc.record({
  kind: fc.constant('book' as const),
  tokens: fc.integer({ min: 0, max: 1000 }),
  model: fc.constantFrom('m', 'm', 'm', 'm', 'm', 'poison'),
});
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: call,
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 12 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('fates' as const),
      fates: fc.array(fc.constantFrom('taken', 'gone', 'unknown'), { maxLength: 4 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('cut', 'join', 'restart', 'kill') }) },
);

it('has every call once, and counters that are the sum of its rows, whatever comes between', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 12, maxLength: 40 }), async (steps) => {
      const folder = testFolder();
      const store = await openTestStore(folder);
      store.refuses = ({ entries }) => [...entries].some(({ model }) => model === 'poison');
      const booked = new Map<string, number>();
      const maybeLost = new Set<string>();
      const poison = new Set<string>();
      /** A batch that is refused is written in parts, its counters first: of these calls there may be no more than that. */
      const maybeCounted = new Set<string>();
      /** Since when nothing was surely kept. */
      let recent: string[] = [];
      let process = await startProcess(store, folder);
      for (const one of steps) {
        if (one.kind === 'book') {
          const totalTokens = one.tokens;
          const none = { promptTokens: 0, completionTokens: 0, cachedTokens: 0, reasoningTokens: 0 };
          const record = recordOf({ model: one.model, usage: { ...none, totalTokens } });
          booked.set(record.id, totalTokens);
          if (one.model === 'poison') poison.add(record.id);
          recent.push(record.id);
          bookOn(process.ledger, record, totalTokens);
        } else if (one.kind === 'wait') await sleep(one.ms);
        else if (one.kind === 'fates') store.fates = [...one.fates];
        else if (one.kind === 'cut') store.isThere = false;
        else if (one.kind === 'join') store.isThere = true;
        else {
          if (one.kind === 'restart') await process.ledger.close(100);
          else {
            const isSplit = recent.some((id) => poison.has(id));
            for (const id of recent) maybeLost.add(id);
            for (const id of isSplit ? recent : []) maybeCounted.add(id);
            await process.kill();
          }
          recent = [];
          process = await startProcess(store, folder);
        }
      }
      store.isThere = true;
      store.fates = [];
      await expect.poll(() => process.ledger.state, { timeout: 20_000 }).toMatchObject({ waiting: 0, spooled: 0 });
      await process.ledger.close(5000);
      const rows = await store.rows();
      const ids = rows.map((row) => row.request_id);
      expect(new Set(ids).size).toBe(ids.length);
      expect([...booked.keys()].filter((id) => !ids.includes(id) && !maybeLost.has(id) && !poison.has(id))).toEqual([]);
      expect(rows.every((row) => row.total_tokens === booked.get(row.request_id))).toBe(true);
      const sum = rows.reduce((all, row) => all + (row.total_tokens ?? 0), 0);
      const found = await store.counters(limits.map((limitId) => ({ limitId, periodStart: 0 })));
      // What the store refuses has no row, but counts: its process may have died before.
      const uncertain = [...new Set([...poison, ...maybeCounted])].filter((id) => !ids.includes(id));
      const refused = uncertain.reduce((all, id) => all + (booked.get(id) ?? 0), 0);
      const counters = limits.map((limitId) => found.find((one) => one.limitId === limitId)?.used ?? 0);
      expect(new Set(counters).size).toBe(1);
      expect(counters[0]).toBeGreaterThanOrEqual(sum);
      expect(counters[0]).toBeLessThanOrEqual(sum + refused);
      await store.storage.close();
    }),
    { numRuns: Number(globalThis.process.env.RUNS ?? 10) },
  );
});

function bookOn(ledger: Ledger, record: ReturnType<typeof recordOf>, used: number): void {
  ledger.settled(limits.slice(1).map((limitId) => ({ limitId, periodStart: 0, used })));
  book(ledger, record, limits[0]);
}

async function startProcess(store: CuttableStore, folder: string) {
  const spool = new MortalSpool(join(folder, 'spool'), 1e9);
  let isAlive = true;
  // What a process sends when it is dead does not arrive.
  const own: CuttableStore = Object.create(store, {
    isThere: { get: () => isAlive && store.isThere },
    write: {
      value: (batch: Parameters<CuttableStore['write']>[0]) =>
        isAlive ? store.write(batch) : Promise.reject(new Error('dead')),
    },
  });
  const { ledger } = openTestLedger(own, { spool, flushIntervalMs: 5 });
  await ledger.start(20);
  return {
    ledger,
    kill: async () => {
      isAlive = false;
      spool.isAlive = false;
      await ledger.close(0);
    },
  };
}
