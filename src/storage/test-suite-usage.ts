import { expect } from 'vitest';
import { batchOf, callOf, oddTexts } from './test-samples.ts';
import type { StorageTests } from './test-suite.ts';

const hour = 3_600_000;
const day = 24 * hour;
const all = { from: 0, to: 4_000_000_000_000 };
export const usageTests: StorageTests = {
  'a call comes back as it was written, with the counters of its batch': async (store) => {
    const place = await store.fresh();
    const storage = await place.open();
    const full = callOf('1', { tags: '["a","b"]', code: 'x', approach: 'moa', calls: '[{"model":"m"}]', stream: 1 });
    const empty = callOf('2', {
      ...{ owner: null, team: null, backend: null, model: null, prompt_tokens: null, completion_tokens: null },
      ...{ total_tokens: null, cached_tokens: null, reasoning_tokens: null, cost: null, first_byte_ms: null },
    });
    const counters = [
      { limitId: 'a', periodStart: 0, used: 5 },
      { limitId: 'a', periodStart: 100, used: 7 },
      { limitId: 'a', periodStart: 0, used: 1 },
    ];
    await storage.usage.write(batchOf('b1', [full, empty], counters));
    await storage.usage.write(
      batchOf('b2', [], [{ limitId: 'a', periodStart: 100, used: Number.MAX_SAFE_INTEGER - 7 }]),
    );
    const other = await place.open();
    expect(await other.usage.rows({ ...all, limit: 10 })).toEqual({ rows: [empty, full], next: undefined });
    const asked = [
      { limitId: 'a', periodStart: 0 },
      { limitId: 'a', periodStart: 100 },
      { limitId: 'a', periodStart: 5 },
      { limitId: 'b', periodStart: 0 },
    ];
    expect(await other.usage.counters(asked)).toHaveLength(2);
    expect(await other.usage.counters(asked)).toEqual(
      expect.arrayContaining([
        { limitId: 'a', periodStart: 0, used: 6 },
        { limitId: 'a', periodStart: 100, used: Number.MAX_SAFE_INTEGER },
      ]),
    );
  },

  'a batch counts once, however often and from wherever it is delivered': async (store) => {
    const place = await store.fresh();
    const storages = await Promise.all([place.open(), place.open()]);
    const batches = Array.from({ length: 10 }, (_, number) =>
      batchOf(`b${number}`, [callOf(`${number}`), callOf(`${number}b`)], [{ limitId: 'l', periodStart: 0, used: 2 }]),
    );
    await Promise.all(
      storages.flatMap(({ usage }) => batches.flatMap((batch) => [usage.write(batch), usage.write(batch)])),
    );
    const usage = storages[0]?.usage;
    expect(await usage?.sums({ ...all, by: [] })).toMatchObject([{ calls: 20, totalTokens: 300, cost: 20_000 }]);
    expect((await usage?.rows({ ...all, limit: 100 }))?.rows).toHaveLength(20);
    expect(await usage?.counters([{ limitId: 'l', periodStart: 0 }])).toMatchObject([{ used: 20 }]);
  },

  'sums are told apart by whatever is asked for; a call with two tags counts under both': async (store) => {
    const { usage } = await (await store.fresh()).open();
    const at = 1_700_000_000_000 - (1_700_000_000_000 % 86_400_000);
    await usage.write(
      batchOf('b', [
        callOf('1', { at, key_name: 'alice', tags: '["a","b"]', model: 'm1' }),
        callOf('2', { at: at + hour, key_name: 'alice', tags: '["b"]', model: 'm2', cost: null, outcome: 'error' }),
        callOf('3', { at: at + 25 * hour, key_name: 'bob', owner: null, team: null, model: 'm1' }),
      ]),
    );
    const calls = async (
      query: Omit<Parameters<typeof usage.sums>[0], 'from' | 'to'> & { from?: number; to?: number },
    ) => (await usage.sums({ ...all, ...query })).map(({ of, calls }) => [...Object.values(of), calls]).sort();
    expect(await calls({ by: [] })).toEqual([[3]]);
    expect(await calls({ by: ['key'] })).toEqual([
      ['alice', 2],
      ['bob', 1],
    ]);
    expect(await calls({ by: ['tag'] })).toEqual([
      ['', 1],
      ['a', 1],
      ['b', 2],
    ]);
    expect(await calls({ by: ['team', 'owner'] })).toEqual([
      ['', '', 1],
      ['red', 'ann', 2],
    ]);
    expect(await calls({ by: ['day'] })).toEqual([
      [at, 2],
      [at + 24 * hour, 1],
    ]);
    expect(await calls({ by: ['hour', 'model'] })).toEqual([
      [at, 'm1', 1],
      [at + hour, 'm2', 1],
      [at + 25 * hour, 'm1', 1],
    ]);
    expect(await calls({ by: ['tag', 'outcome'], where: { key: 'alice' } })).toEqual([
      ...[
        ['a', 'ok', 1],
        ['b', 'error', 1],
        ['b', 'ok', 1],
      ],
    ]);
    expect(await calls({ by: ['key'], where: { tag: 'b' } })).toEqual([['alice', 2]]);
    expect(await calls({ by: ['key'], where: { owner: '', tag: '' } })).toEqual([['bob', 1]]);
    expect(await calls({ by: [], where: { key: 'nobody' } })).toEqual([]);
    // Whole hours: one that is begun counts.
    expect(await calls({ by: [], from: at + hour - 1, to: at + hour + 1 })).toEqual([[2]]);
    expect(await calls({ by: [], from: at + hour, to: at + 25 * hour })).toEqual([[1]]);
    expect(await usage.sums({ ...all, by: ['key'], where: { key: 'alice' } })).toEqual([
      {
        ...{ of: { key: 'alice' }, calls: 2, promptTokens: 20, completionTokens: 10, totalTokens: 30 },
        ...{ cachedTokens: 4, reasoningTokens: 2, cost: 1000, unpriced: 1, totalMs: 200 },
      },
    ]);
  },

  'sums are the same however a range lies to days and hours': async (store) => {
    const { usage } = await (await store.fresh()).open();
    const entries = Array.from({ length: 300 }, (_, number) => callOf(`${number}`, { at: number * hour + 17 }));
    await usage.write(batchOf('b', entries));
    for (const [from, to] of [
      [0, 300],
      [1, 299],
      [5, 20],
      [20, 30],
      [24, 48],
      [23, 49],
      [30, 100],
      [48, 49],
      [47, 48],
    ] as const) {
      for (const by of [[], ['day'], ['hour'], ['day', 'hour']] as const) {
        const range = { from: from * hour, to: to * hour, by };
        const sums = await usage.sums(range);
        expect(
          sums.reduce((sum, { calls }) => sum + calls, 0),
          `${from} ${to} ${by}`,
        ).toBe(to - from);
        // Without a filter they are read from other sums than with one.
        expect(await usage.sums({ ...range, where: { key: entries[0]?.key_name ?? '' } })).toEqual(
          expect.arrayContaining([...sums]),
        );
      }
    }
  },

  'pages go from the newest to the oldest and leave nothing out': async (store) => {
    const { usage } = await (await store.fresh()).open();
    const entries = Array.from({ length: 25 }, (_, number) =>
      callOf(`id${number}`, { at: 1000 + Math.floor(number / 4), key_name: number % 2 === 0 ? 'even' : 'odd' }),
    );
    await usage.write(batchOf('b', entries));
    for (const where of [{}, { key: 'odd' }]) {
      const seen: string[] = [];
      for (let after: { at: number; id: string } | undefined, turns = 0; turns < 20; turns++) {
        const page = await usage.rows({ from: 1000, to: 1006, where, limit: 3, ...(after && { after }) });
        seen.push(...page.rows.map(({ id }) => id));
        after = page.next;
        if (after === undefined) break;
      }
      const wanted = entries.filter(({ at, key_name }) => at < 1006 && (!where.key || key_name === where.key));
      const order = wanted.toSorted((one, other) => other.at - one.at || (one.id < other.id ? 1 : -1));
      expect(seen).toEqual(order.map(({ id }) => id));
    }
  },

  'calls that are rare are found in whichever days they are': async (store) => {
    const { usage } = await (await store.fresh()).open();
    const entries = Array.from({ length: 400 }, (_, number) =>
      callOf(`id${number}`, { at: number * 5 * hour, key_name: number % 23 === 0 || number > 396 ? 'rare' : 'often' }),
    );
    await usage.write(batchOf('b', entries));
    const query = { from: 3 * hour, to: 1997 * hour, where: { key: 'rare', owner: 'ann' } };
    for (const limit of [1, 2, 7, 100]) {
      const seen: string[] = [];
      for (let after: { at: number; id: string } | undefined, turns = 0; turns < 50; turns++) {
        const page = await usage.rows({ ...query, limit, ...(after && { after }) });
        seen.push(...page.rows.map(({ id }) => id));
        after = page.next;
        if (after === undefined) break;
      }
      const wanted = entries.filter(({ at, key_name }) => key_name === 'rare' && at >= query.from && at < query.to);
      expect(seen).toEqual(wanted.map(({ id }) => id).reverse());
    }
    expect(await usage.rows({ ...query, where: { key: 'none' }, limit: 1 })).toEqual({ rows: [], next: undefined });
  },

  'a text that is looked for is that text and no pattern': async (store) => {
    const { usage } = await (await store.fresh()).open();
    const entries = oddTexts.map((text, place) =>
      callOf(`${place}`, {
        ...{ key_name: text, owner: text, team: text, tags: JSON.stringify(['x', text]), asked: text, backend: text },
        ...{ model: text, request_id: text, outcome: text, code: text, approach: text, protocol: text },
      }),
    );
    await usage.write(batchOf("b'%", entries, [{ limitId: "l'%_", periodStart: 0, used: 1 }]));
    expect(await usage.counters([{ limitId: "l'%_", periodStart: 0 }])).toHaveLength(1);
    expect(await usage.counters([{ limitId: 'l%', periodStart: 0 }])).toEqual([]);
    for (const [place, text] of oddTexts.entries()) {
      for (const dimension of ['key', 'owner', 'team', 'tag', 'asked', 'backend', 'model', 'outcome'] as const) {
        const query = { ...all, where: { [dimension]: text } };
        expect(
          (await usage.rows({ ...query, limit: 5 })).rows.map(({ id }) => id),
          `${dimension} ${text}`,
        ).toEqual([`${place}`]);
        expect(await usage.sums({ ...query, by: ['key'] })).toMatchObject([{ of: { key: text }, calls: 1 }]);
      }
    }
  },

  'no call is such that it could not be written': async (store) => {
    const { usage, health } = await (await store.fresh()).open();
    const long = 'm\0\ud800'.repeat(5000);
    const bad = callOf('1', {
      asked: long,
      model: long,
      owner: '\udfff',
      code: 'a\0',
      total_ms: 1.6,
      cost: Number.NaN,
    });
    const worse = callOf('2', { prompt_tokens: 1e300, attempts: Number.POSITIVE_INFINITY, first_byte_ms: -0.4 });
    await usage.write(batchOf('b', [bad, worse, callOf('3')]));
    const { rows } = await usage.rows({ ...all, limit: 5 });
    expect(rows.map(({ id }) => id)).toEqual(['3', '2', '1']);
    expect(rows[2]).toMatchObject({
      asked: 'm\ufffd\ufffd'.repeat(334).slice(0, 1000),
      owner: '\ufffd',
      total_ms: 2,
      cost: null,
    });
    expect(rows[1]).toMatchObject({ prompt_tokens: Number.MAX_SAFE_INTEGER, attempts: 0 });
    expect(health.ok).toBe(true);
  },

  'what is old is forgotten, and nothing else': async (store) => {
    const { usage } = await (await store.fresh()).open();
    const entries = Array.from({ length: 6000 }, (_, number) => callOf(`${number}`, { at: number * 36_000 }));
    await usage.write(batchOf('b', entries, [{ limitId: 'l', periodStart: 0, used: 6000 }]));
    expect(await usage.prune(2 * day + 5000)).toBe(4800);
    expect((await usage.rows({ ...all, limit: 1000 })).rows).toHaveLength(1000);
    expect((await usage.rows({ ...all, limit: 2000 })).rows).toHaveLength(1200);
    expect(await usage.sums({ ...all, by: ['day'] })).toMatchObject([{ of: { day: 2 * day }, calls: 1200 }]);
    expect(await usage.sums({ ...all, by: ['hour'] })).toHaveLength(12);
    expect(await usage.counters([{ limitId: 'l', periodStart: 0 }])).toMatchObject([{ used: 6000 }]);
    expect(await usage.prune(3 * day - 1)).toBe(0);
    expect(await usage.prune(3 * day, 2 * day)).toBe(1200);
    expect(await usage.sums({ ...all, by: [] })).toMatchObject([{ calls: 1200 }]);
  },
};
