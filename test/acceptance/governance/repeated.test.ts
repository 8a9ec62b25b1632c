import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { collect, failureOf } from '../../conformance/sdk-setup.ts';
import { startOtlpReceiver } from '../../harness/otlp-receiver.ts';
import { reported } from '../limits/callers.ts';
import { shortChat, startGoverned } from './governed.ts';

const under = (key: string) => ({ headers: { 'Idempotency-Key': key } });

async function chat(client: OpenAI, key: string, fields: object = {}) {
  const { data, response } = await client.chat.completions
    .create({ ...shortChat, ...fields }, under(key))
    .withResponse();
  return { text: data.choices[0]?.message.content, replayed: response.headers.get('x-headrace-replayed') };
}

async function stream(client: OpenAI, key: string, fields: object = {}) {
  const chunks = await collect(
    await client.chat.completions.create({ ...shortChat, ...fields, stream: true }, under(key)),
  );
  const text = chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');
  return { text, reason: chunks.flatMap(({ choices }) => choices[0]?.finish_reason ?? []).at(-1) };
}

describe('a repeated request', () => {
  it('is not counted, not charged, and not refused where nothing is left', async () => {
    const { create, sdk, backend, limits, usage } = await startGoverned((_, turn) => ({
      content: `answer ${turn}`,
      usage: reported,
    }));
    const { secret } = await create({ name: 'alice', limits: { requests_per_minute: 2, budget: { day: 0.085 } } });
    const client = sdk(secret);
    const first = await chat(client, 'k1');
    expect(first).toEqual({ text: 'answer 0', replayed: null });
    await chat(client, 'k2');
    expect(await failureOf(chat(client, 'k3'))).toMatchObject({ status: 429 });
    for (const _ of [1, 2, 3]) expect(await chat(client, 'k1')).toMatchObject({ text: 'answer 0', replayed: /./ });
    const states = await limits();
    expect(states['key:alice/requests/minute']).toMatchObject({ used: 2, remaining: 0 });
    expect(states['key:alice/cost/day']?.used).toBeCloseTo(0.08, 9);
    expect(backend.posts()).toHaveLength(2);
    expect(await usage(3)).toMatchObject({ calls: 3, total_tokens: 80 });
  });

  it('is a new call where the first one was refused, and a replay of it afterwards', async () => {
    const { create, ask, sdk, backend } = await startGoverned(() => ({ content: 'well', usage: reported }));
    const { id, secret } = await create({ name: 'alice', limits: { budget: { day: 0.001 } } });
    const client = sdk(secret);
    for (const _ of [1, 2]) expect(await failureOf(chat(client, 'k'))).toMatchObject({ code: 'budget_exceeded' });
    await ask('PATCH', `/admin/keys/${id}`, { limits: { budget: { day: 1 } } });
    expect(await chat(client, 'k')).toEqual({ text: 'well', replayed: null });
    expect((await chat(client, 'k')).replayed).not.toBeNull();
    expect(backend.posts()).toHaveLength(1);
  });

  it('shows nothing to a key that is disabled, nor to another key that gets its name', async () => {
    const { create, ask, sdk } = await startGoverned((_, turn) => ({ content: `answer ${turn}`, usage: reported }));
    const { id, secret } = await create({ name: 'alice' });
    expect((await chat(sdk(secret), 'k')).text).toBe('answer 0');
    await ask('PATCH', `/admin/keys/${id}`, { name: 'old' });
    expect(await chat(sdk(secret), 'k')).toMatchObject({ text: 'answer 0' }); // it is the same key still
    const other = await create({ name: 'alice' });
    expect(await chat(sdk(other.secret), 'k')).toEqual({ text: 'answer 1', replayed: null });
    await ask('POST', `/admin/keys/${id}/disable`);
    expect(await failureOf(chat(sdk(secret), 'k'))).toMatchObject({ status: 401 });
  });

  it('joins a stream that the brake ends, and finds the same afterwards; it is charged once', async () => {
    const words = Array.from({ length: 400 }, (_, at) => ` word${at}`).join('');
    const { create, sdk, backend, usage, limits } = await startGoverned(() => ({ content: words, chunk_delay_ms: 1 }));
    const { secret } = await create({ name: 'alice', limits: { budget: { day: 0.3 } } });
    const client = sdk(secret);
    const fields = { max_tokens: undefined };
    const first = stream(client, 'k', fields);
    await backend.waitForPost(1);
    const all = [await first, ...(await Promise.all([stream(client, 'k', fields), stream(client, 'k', fields)]))];
    expect(all[0]?.reason).toBe('length');
    expect(words.startsWith(all[0]?.text ?? 'none')).toBe(true);
    for (const one of all) expect(one).toEqual(all[0]);
    expect(backend.posts()).toHaveLength(1);
    const { calls, cost } = await usage(1);
    expect([calls, cost <= 0.3]).toEqual([1, true]);
    expect((await limits())['key:alice/cost/day']?.used).toBeCloseTo(cost, 9);
  });

  it('of an approach repeats none of its calls', async () => {
    const { create, sdk, backend, limits } = await startGoverned(
      () => ({ content: '7', usage: reported, delay_ms: 50 }),
      {
        routes: { best: { model: 'u:dear', approach: 'bon' } },
      },
    );
    const { secret } = await create({ name: 'alice', limits: { budget: { day: 100 } } });
    const client = sdk(secret);
    const both = await Promise.all([chat(client, 'k', { model: 'best' }), chat(client, 'k', { model: 'best' })]);
    const made = backend.posts().length;
    expect(made).toBeGreaterThan(1);
    both.push(await chat(client, 'k', { model: 'best' }));
    expect(new Set(both.map(({ text }) => text)).size).toBe(1);
    expect(both.filter(({ replayed }) => replayed === null)).toHaveLength(1);
    expect(backend.posts()).toHaveLength(made);
    expect((await limits())['key:alice/cost/day']?.used).toBeCloseTo(made * 0.04, 9);
  });

  it('is captured and traced once, with its whole answer', async () => {
    const receiver = await startOtlpReceiver();
    const { create, sdk, gateway } = await startGoverned(
      () => ({ content: 'one two three', usage: reported }),
      { telemetry: { capture: { folder: 'captured' } } },
      { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_BSP_SCHEDULE_DELAY: '20' },
    );
    const { secret } = await create({ name: 'alice' });
    const client = sdk(secret);
    for (const _ of [1, 2, 3]) expect((await stream(client, 'k')).text).toBe('one two three');
    await chat(client, 'last');
    const captured = async () => {
      const folder = join(gateway.folder, 'captured');
      const texts = (await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8'));
      return (await Promise.all(texts)).join('').split('\n').filter(Boolean);
    };
    await expect.poll(async () => (await captured()).length, { timeout: 20_000 }).toBe(2);
    const [one] = await captured();
    for (const word of ['one', 'two', 'three']) expect(one).toContain(word);
    const asked = (await receiver.spans(4)).map(({ name }) => name).toSorted();
    expect(asked).toEqual(['POST /v1/chat/completions', 'POST /v1/chat/completions', 'chat dear', 'chat dear']);
  });
});

it('kept answers take no more memory than they may, however many come', { timeout: 120_000 }, async () => {
  const content = 'x'.repeat(100_000);
  const { create, sdk, backend } = await startGoverned(() => ({ content, usage: reported }), {
    idempotency: { max_bytes: 2_000_000, max_answer_bytes: 200_000 },
  });
  const client = sdk((await create({ name: 'alice' })).secret);
  for (let at = 0; at < 60; at++) await chat(client, `k${at}`);
  const kept = [];
  for (let at = 59; at >= 0 && kept.length === 59 - at; at--) {
    if ((await chat(client, `k${at}`)).replayed !== null) kept.push(at);
  }
  expect(kept.length).toBeGreaterThan(10);
  expect(kept.length).toBeLessThanOrEqual(20);
  expect(backend.posts()).toHaveLength(61);
});
