import { expect, it } from 'vitest';
import { collect } from '../../conformance/sdk-setup.ts';
import { shortChat, startGoverned } from './governed.ts';

const odd = [
  ['negative', { prompt_tokens: -100, completion_tokens: -100, total_tokens: -200 }],
  ['negative in part', { prompt_tokens: 100, completion_tokens: -90, total_tokens: 10 }],
  ['huge', { prompt_tokens: 1e300, completion_tokens: 1e300, total_tokens: 1e300 }],
  ['beyond what is exact', { prompt_tokens: 2 ** 60, completion_tokens: 1, total_tokens: 2 ** 60 + 1 }],
  ['texts', { prompt_tokens: '5', completion_tokens: '5', total_tokens: '10' }],
  ['nulls', { prompt_tokens: null, completion_tokens: null, total_tokens: null }],
  ['broken numbers', { prompt_tokens: 10.5, completion_tokens: 0.5, total_tokens: 11 }],
  ['zeros', { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }],
  ['a total below its parts', { prompt_tokens: 10, completion_tokens: 10, total_tokens: 1 }],
  ['a total alone', { total_tokens: 30 }],
  ['lists', { prompt_tokens: [], completion_tokens: {}, total_tokens: true }],
  [
    'cached beyond the prompt',
    { prompt_tokens: 5, completion_tokens: 5, total_tokens: 10, prompt_tokens_details: { cached_tokens: 1e9 } },
  ],
] as const;

it('usage of zeros is counted in approaches as well', async () => {
  const zeros = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
  const { create, sdk, limits, backend } = await startGoverned(() => ({ content: 'the answer is 7', usage: zeros }), {
    routes: { best: { model: 'u:dear', approach: 'bon' } },
  });
  const { secret } = await create({ name: 'alice', limits: { tokens_per_day: 1e9, budget: { total: 1000 } } });
  await sdk(secret).chat.completions.create({ ...shortChat, model: 'best' });
  const calls = backend.posts().length;
  expect(calls).toBeGreaterThan(1);
  const used = (await limits())['key:alice/tokens/day']?.used;
  expect(used).toBeGreaterThan(calls * 10);
  expect((await limits())['key:alice/cost/total']?.used).toBeCloseTo((used ?? 0) / 1000, 9);
});

it.each(odd)(
  'usage of %s gives nothing back of a limit, and breaks neither limits nor the ledger',
  async (_, usage) => {
    const { create, sdk, limits, ask, gateway } = await startGoverned((_request, turn) =>
      turn < 2 ? { content: 'one two three', usage: usage as never } : { content: 'well', usage: null },
    );
    const { secret } = await create({ name: 'alice', limits: { tokens_per_day: 1e9, budget: { total: 1000 } } });
    const client = sdk(secret);
    await client.chat.completions.create(shortChat);
    await collect(await client.chat.completions.create({ ...shortChat, stream: true }));
    await expect.poll(async () => (await ask('GET', '/admin/usage/calls?from=2020-01-01')).body.data.length).toBe(2);
    const states = await limits();
    for (const name of ['key:alice/tokens/day', 'key:alice/cost/total']) {
      expect([name, states[name]?.used]).toEqual([name, expect.any(Number)]);
      expect(states[name]?.used).toBeGreaterThan(name.includes('tokens') ? 15 : 0.015);
      expect(states[name]?.used).toBeLessThan(250);
      expect(Number.isFinite(states[name]?.remaining)).toBe(true);
    }
    const { data } = (await ask('GET', '/admin/usage/calls?from=2020-01-01')).body;
    for (const { total_tokens, cost } of data) {
      expect(total_tokens === null || total_tokens >= 0).toBe(true);
      expect(cost === null || cost >= 0).toBe(true);
    }
    const [sum] = (await ask('GET', '/admin/usage?from=2020-01-01')).body.data;
    expect(sum).toMatchObject({ calls: 2 });
    expect(gateway.log().filter(({ level }) => level === 'error')).toEqual([]);
  },
);
