import type OpenAI from 'openai';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WorkerTokenCounter } from '../../../src/models/worker-token-counter.ts';
import { collect, openaiClient } from '../../conformance/sdk-setup.ts';
import { failure, until } from '../custom-backends/rig.ts';
import { type CallersRig, startCallersRig } from './callers.ts';

type Told = OpenAI.Chat.Completions.ChatCompletionChunk & { readonly headrace?: object };

const body = { messages: [{ role: 'user' as const, content: 'Count the birds on the roof.' }] };
const colours = ['red', 'blue', 'green', 'black'];
/** Of which no part stands there twice in a row. */
const words = Array.from({ length: 3000 }, (_, at) => ` ${colours[at % 4]}${at}`).join('');
/** Of a token of the model `dear`. */
const nanoDollars = 1e6;

function client(rig: CallersRig, key = 'alice'): OpenAI {
  return openaiClient(`${rig.gateway.url}/v1`, { apiKey: `secret-${key}`, maxRetries: 0 });
}

async function readChat(rig: CallersRig, fields: object = {}) {
  const options = { stream: true, stream_options: { include_usage: true } } as const;
  const stream = await client(rig).chat.completions.create({ model: 'u:dear', ...body, ...options, ...fields });
  const chunks: Told[] = await collect(stream);
  const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');
  const last = chunks.filter((chunk) => chunk.choices.length > 0).at(-1);
  return { chunks, text, last, reason: last?.choices[0]?.finish_reason, usage: chunks.at(-1)?.usage };
}

async function logLines(rig: CallersRig, count = 1): Promise<Record<string, unknown>[]> {
  const lines = () => rig.gateway.log().filter(({ msg }) => msg === 'request');
  await until(() => lines().length >= count, 'the log lines are there');
  return lines();
}

async function metricsOf({ gateway }: CallersRig): Promise<string> {
  return (await gateway.get('/metrics', { authorization: 'Bearer secret-root' })).text();
}

async function tokensOf(text: string): Promise<number | undefined> {
  const counter = new WorkerTokenCounter();
  onTestFinished(() => counter.close());
  return (await counter.count([text], 'o200k_base'))[0];
}

/** What is used of the limit that refuses the next call. */
async function usedOf(rig: CallersRig): Promise<number> {
  const refused = failure(await rig.chat('alice', { max_tokens: 1_000_000 }));
  return (refused.detail as { details: { used: number } }).details.used;
}

const root = { root: { role: 'admin' } };
const budget = (dollars: number) => ({ ...root, alice: { limits: { budget: { day: dollars } } } });
const slowWords = () => ({ content: words, chunk_delay_ms: 1 });

describe('a stream that passes its budget', () => {
  it('ends with finish_reason length, its usage and [DONE], and costs no more than there was', async () => {
    const rig = await startCallersRig(budget(0.5), {}, slowWords);
    const { chunks, text, last, usage } = await readChat(rig);
    const stopped = { stopped: 'budget', limit: 'key:alice/cost/day' };
    expect(last?.choices).toEqual([{ index: 0, delta: {}, logprobs: null, finish_reason: 'length' }]);
    expect(last?.headrace).toEqual(stopped);
    expect(new Set(chunks.map(({ id, model, created, object }) => `${id} ${model} ${created} ${object}`)).size).toBe(1);
    expect(words.startsWith(text)).toBe(true);
    expect(usage?.completion_tokens).toBe(await tokensOf(text));
    // To the last word that there was money for.
    expect(usage?.total_tokens).toBeGreaterThan(490);
    expect(usage?.total_tokens).toBeLessThanOrEqual(500);
    const [line] = await logLines(rig);
    expect(line).toMatchObject({ outcome: 'complete', status: 200, stopped: 'budget', stopped_by: stopped.limit });
    expect(line).toMatchObject({ completion_tokens: usage?.completion_tokens });
    expect(await usedOf(rig)).toBe((usage?.total_tokens ?? 0) * nanoDollars);
    expect(await metricsOf(rig)).toContain('headrace_stopped_streams_total{why="budget"} 1');
    expect(await rig.backend.requests[0]?.ended).toBe('aborted');
  });

  it('says why in a comment before that, and has no usage where none was asked for', async () => {
    const rig = await startCallersRig(budget(0.2), {}, slowWords);
    const { text } = await rig.chat('alice', { stream: true, max_tokens: undefined });
    const events = text.split('\n\n');
    expect(events.slice(-4, -2)).toEqual([
      ': headrace stopped: budget key:alice/cost/day',
      expect.stringContaining('"finish_reason":"length"'),
    ]);
    expect(events.slice(-2)).toEqual(['data: [DONE]', '']);
    expect(text).not.toContain('"usage":{');
  });

  it('goes on where more is there than was reserved', async () => {
    const rig = await startCallersRig(budget(50), {}, (_, turn) => ({ content: turn < 3 ? 'two words' : words }));
    for (let turn = 0; turn < 3; turn++) expect((await readChat(rig)).text).toBe('two words');
    const { text, reason } = await readChat(rig);
    expect([text === words, reason]).toEqual([true, 'stop']);
  });

  it('counts reasoning and the arguments of tool calls', async () => {
    const chunk = (delta: object) => ({
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'dear',
      choices: [{ index: 0, delta, finish_reason: null }],
    });
    const call = (text: string) => ({ tool_calls: [{ index: 0, function: { arguments: text } }] });
    for (const delta of [(text: string) => ({ reasoning: text }), call]) {
      const events = Array.from({ length: 2000 }, (_, at) => chunk(delta(`word${at} `)));
      const rig = await startCallersRig(budget(0.3), {}, () => ({ events, chunk_delay_ms: 1 }));
      const { reason, usage } = await readChat(rig);
      expect([reason, (usage?.total_tokens ?? 0) <= 300]).toEqual(['length', true]);
      expect(usage?.total_tokens).toBeGreaterThan(290);
    }
  });

  it('ends each of several choices, of a completion as well', async () => {
    const rig = await startCallersRig(budget(0.3), {}, () => ({ content: [words, 'short', words], chunk_delay_ms: 1 }));
    const { chunks } = await readChat(rig, { n: 3 });
    const reasons = chunks.flatMap(({ choices }) =>
      choices.map(({ index, finish_reason }) => [index, finish_reason] as const),
    );
    expect(reasons.filter(([, reason]) => reason !== null).toSorted()).toEqual([
      [0, 'length'],
      [1, 'length'],
      [2, 'length'],
    ]);
    const other = await startCallersRig(budget(0.3), {}, slowWords);
    const stream = await client(other).completions.create({ model: 'u:dear', prompt: 'Count.', stream: true });
    const all = await collect(stream);
    expect(all.at(-1)?.choices).toEqual([{ index: 0, text: '', logprobs: null, finish_reason: 'length' }]);
    expect(new Set(all.map(({ object }) => object))).toEqual(new Set(['text_completion']));
  });

  it('shares the last of it with others, and together they never take more', async () => {
    // Short answers have taught that little is to be reserved.
    const rig = await startCallersRig(budget(2), {}, (_, turn) =>
      turn < 4 ? { content: 'short', usage: { prompt_tokens: 10, completion_tokens: 5 } } : slowWords(),
    );
    for (let turn = 0; turn < 4; turn++) await readChat(rig);
    const both = await Promise.all([readChat(rig), readChat(rig)]);
    const sum = 4 * 15 + both.reduce((all, { usage }) => all + (usage?.total_tokens ?? 0), 0);
    expect(both.map(({ reason }) => reason)).toEqual(['length', 'length']);
    expect(await usedOf(rig)).toBe(sum * nanoDollars);
    expect(sum).toBeLessThanOrEqual(2000);
    expect(sum).toBeGreaterThan(1960);
  });

  it('is ended by tokens a day as well, but not by a rate of tokens a minute', async () => {
    const day = await startCallersRig({ alice: { limits: { tokens_per_day: 400 } } }, {}, slowWords);
    const { last, usage } = await readChat(day);
    expect(last?.headrace).toEqual({ stopped: 'budget', limit: 'key:alice/tokens/day' });
    expect(usage?.total_tokens).toBeLessThanOrEqual(400);
    const limits = { tokens_per_minute: 400, budget: { day: 100 } };
    const minute = await startCallersRig({ alice: { limits } }, {}, () => ({ content: words }));
    expect((await readChat(minute)).text).toBe(words);
    expect(failure(await minute.chat('alice')).error.code).toBe('rate_limit_exceeded');
  });

  it('is settled with what the backend says where that came before the end', async () => {
    const chunk = (more: object) => ({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'dear', ...more });
    const said = (content: string) => chunk({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
    const usage = { prompt_tokens: 7, completion_tokens: 4000, total_tokens: 4007 };
    const events = [said('one'), said(words.slice(0, 9000)), chunk({ choices: [], usage })];
    const rig = await startCallersRig(budget(0.3), {}, () => ({ events, chunk_bytes: 1_000_000 }));
    const read = await readChat(rig);
    expect([read.text, read.reason, read.usage]).toEqual(['one', 'length', usage]);
    expect(await usedOf(rig)).toBe(4007 * nanoDollars);
  });

  it('leaves nothing behind where the client goes while it is decided', async () => {
    const rig = await startCallersRig(budget(0.5), {}, slowWords);
    const leaving = new AbortController();
    const answer = await rig.gateway.post(
      '/v1/chat/completions',
      { model: 'u:dear', ...body, stream: true },
      { authorization: 'Bearer secret-alice' },
    );
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    let timer = setTimeout(() => leaving.abort(), 10_000);
    leaving.signal.addEventListener('abort', () => void reader.cancel());
    while (!(await reader.read()).done) {
      clearTimeout(timer);
      timer = setTimeout(() => leaving.abort(), 80);
    }
    const [line] = await logLines(rig);
    expect(line).toMatchObject({ outcome: 'cancelled', status: 499 });
    expect(line).not.toHaveProperty('stopped');
    expect(await usedOf(rig)).toBeLessThanOrEqual(500 * nanoDollars);
  });

  it('is ended in the last call of an approach too', async () => {
    const rig = await startCallersRig(budget(0.5), {}, slowWords);
    const { text, reason, usage } = await readChat(rig, { model: 're2-u:dear' });
    expect([reason, words.startsWith(text), text.length > 500]).toEqual(['length', true, true]);
    expect(usage?.total_tokens).toBeGreaterThan(480);
    expect(usage?.total_tokens).toBeLessThanOrEqual(500);
    const [line] = await logLines(rig);
    expect(line).toMatchObject({ outcome: 'complete', stopped: 'budget', stopped_by: 'key:alice/cost/day' });
    expect(await usedOf(rig)).toBe((usage?.total_tokens ?? 0) * nanoDollars);
  });
});

const circle = `Once more. ${'I will now look into it again, step by step.\n'.repeat(600)}`;
const on = { brake: { repetition: {} } };

describe('a stream that repeats itself', () => {
  it('ends likewise, where the operator says so', async () => {
    const rig = await startCallersRig({ ...root, alice: {} }, on, () => ({ content: circle }));
    const { text, last, reason, usage } = await readChat(rig);
    expect([reason, last?.headrace]).toEqual(['length', { stopped: 'repetition' }]);
    expect(circle.startsWith(text)).toBe(true);
    expect(text.length).toBeGreaterThan(8000);
    expect(text.length).toBeLessThan(12_000);
    expect(usage?.completion_tokens).toBe(await tokensOf(text));
    const [line] = await logLines(rig);
    expect(line).toMatchObject({ outcome: 'complete', stopped: 'repetition' });
    expect(line).not.toHaveProperty('stopped_by');
    expect(await metricsOf(rig)).toContain('headrace_stopped_streams_total{why="repetition"} 1');
  });

  it('is left alone without a word of the operator, and where a route says off', async () => {
    const script = () => ({ content: circle });
    const plain = await startCallersRig({ alice: {} }, {}, script);
    expect((await readChat(plain)).text).toBe(circle);
    const routes = { calm: { model: 'u:dear', brake: { repetition: 'off' } }, strict: { model: 'u:dear' } };
    const routed = await startCallersRig({ alice: {} }, { ...on, routes }, script);
    expect((await readChat(routed, { model: 'calm' })).text).toBe(circle);
    expect((await readChat(routed, { model: 'strict' })).reason).toBe('length');
    const own = { calm: { model: 'u:dear' }, strict: { model: 'u:dear', brake: { repetition: { characters: 3000 } } } };
    const single = await startCallersRig({ alice: {} }, { routes: own }, script);
    expect((await readChat(single, { model: 'calm' })).text).toBe(circle);
    const { text, reason } = await readChat(single, { model: 'strict' });
    expect([reason, text.length < 7000]).toEqual(['length', true]);
  });

  it('is found in pieces of any size and in escapes, and cut between events only', async () => {
    const repeated = 'ein "Zaun" \\ 🐦\n';
    for (const bytes of [1000, 7]) {
      const script = () => ({ content: repeated.repeat(900), chunk_bytes: bytes });
      const rig = await startCallersRig({ alice: {} }, on, script);
      const { text } = await rig.chat('alice', { stream: true, max_tokens: undefined });
      const events = text.split('\n\n').filter((event) => event.startsWith('data: {'));
      const contents = events.map((event) => JSON.parse(event.slice(6)).choices[0]?.delta.content ?? '').join('');
      expect(repeated.repeat(900).startsWith(contents)).toBe(true);
      expect(contents.length).toBeLessThan(12_000);
      expect(text).toContain(': headrace stopped: repetition\n\ndata: {');
      expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    }
  });
});
