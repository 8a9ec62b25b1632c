import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type MockReply, startFakeBackend } from '../../test/fake-backend/fake-backend.ts';
import type { BackendReply, UpstreamFailure } from './backend.ts';
import { Failures } from './failures.ts';
import { ReplyReader } from './reply-reader.ts';
import { failureOf, openBackend, readReply, testConfig, testRequest } from './test-backend.ts';

const event = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;
const delta = (fields: object, finish: string | null = null) =>
  event({ choices: [{ index: 0, delta: fields, finish_reason: finish }] });
const role = delta({ role: 'assistant', content: '' });
const done = 'data: [DONE]\n\n';

const startups: readonly (readonly [string, string])[] = [
  ['a comment', ': waiting\n\n'],
  ['a role', role],
  ['an empty delta', delta({})],
  ['a delta of nulls', delta({ role: 'assistant', content: null, refusal: null, tool_calls: [], annotations: [] })],
  ['an event without choices', event({ id: 'x', usage: { prompt_tokens: 3 } })],
  ['choices that are empty', event({ choices: [], prompt_filter_results: [{ x: 'y' }] })],
  ['a completion without text', event({ choices: [{ index: 0, text: '' }] })],
  ['an empty end', delta({}, 'stop')],
];

const outputs: readonly (readonly [string, string])[] = [
  ['text', delta({ content: 'a' })],
  ['a space', delta({ content: ' ' })],
  ['reasoning', delta({ reasoning_content: 'hm' })],
  ['reasoning by another name', delta({ role: 'assistant', content: '', reasoning: 'hm' })],
  ['a tool call', delta({ tool_calls: [{ index: 0, id: 'c', function: { name: 'f', arguments: '' } }] })],
  ['a function call', delta({ content: null, function_call: { name: 'f' } })],
  ['a refusal', delta({ refusal: 'No.' })],
  ['audio', delta({ audio: { id: 'x', data: 'AAAA' } })],
  ['the text of a completion', event({ choices: [{ index: 0, text: 'a' }] })],
  ['the second choice', event({ choices: [{ delta: {} }, { delta: { content: 'a' } }] })],
  ['an end for the length', delta({}, 'length')],
  ['an end by the filter', delta({}, 'content_filter')],
  ['data that is no JSON', 'data: hello\n\n'],
];

/** Feeds a reader with pieces; tells after which of them it handed on, failed, or did neither. */
async function feed(pieces: readonly Buffer[], ends = true) {
  const outcome: { at: number; reply?: BackendReply; failure?: UpstreamFailure } = { at: -1 };
  let at = 0;
  const reader = new ReplyReader({
    request: testRequest({ stream: true }),
    failures: new Failures(testConfig('http://127.0.0.1:9/v1')),
    maximumBytes: 1_000_000,
    resolve: (reply) => Object.assign(outcome, { at, reply }),
    reject: (failure) => Object.assign(outcome, { at, failure }),
  });
  reader.head(200, { 'content-type': 'text/event-stream' });
  for (; at < pieces.length; at++) reader.data(pieces[at] as Buffer);
  if (ends) reader.end();
  else reader.cancel();
  const reply = outcome.reply ?? outcome.failure?.emptyReply;
  return { ...outcome, text: reply && (await readReply(reply)).text, finish: reply && (await reply.finished) };
}

describe('the start of a stream', () => {
  it.each(startups)('is not over with %s', async (_what, text) => {
    const { at } = await feed([Buffer.from(text), Buffer.from(delta({ content: 'a' })), Buffer.from(done)]);
    expect(at).toBe(1);
  });

  it.each(outputs)('is over with %s', async (_what, text) => {
    const { at, reply, text: all } = await feed([Buffer.from(role), Buffer.from(text), Buffer.from(done)]);
    expect([at, reply !== undefined]).toEqual([1, true]);
    expect(all).toBe(role + text + done);
  });

  it('is over with the first output, wherever the stream is cut, and no byte is lost', async () => {
    const someStartups = fc.array(fc.constantFrom(...startups.map(([, text]) => text)), { maxLength: 6 });
    const output = fc.constantFrom(...outputs.map(([, text]) => text));
    const cuts = fc.array(fc.nat(2000), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(someStartups, output, cuts, async (before, first, places) => {
        const head = Buffer.from(before.join('') + first);
        const whole = Buffer.concat([head, Buffer.from(delta({ content: 'more' }) + done)]);
        const pieces = cutAt(whole, places);
        const { at, text } = await feed(pieces);
        expect(text).toBe(whole.toString());
        const handedOn = pieces.slice(0, at + 1).reduce((sum, piece) => sum + piece.length, 0);
        const earlier = pieces.slice(0, at).reduce((sum, piece) => sum + piece.length, 0);
        expect(handedOn).toBeGreaterThanOrEqual(head.length);
        expect(earlier).toBeLessThan(head.length);
      }),
    );
  });

  it('is all there is of an empty stream, wherever it is cut, which comes whole with the failure', async () => {
    const some = fc.array(fc.constantFrom(...startups.map(([, text]) => text)), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(some, fc.array(fc.nat(1000), { maxLength: 8 }), async (events, places) => {
        const whole = Buffer.from(events.join('') + done);
        const { failure, text, finish } = await feed(cutAt(whole, places));
        expect(failure).toMatchObject({ retry: 'elsewhere', fault: 'backend' });
        expect(text).toBe(whole.toString());
        expect(finish?.outcome).toBe('complete');
      }),
    );
  });

  it('is held back up to 64 KB', async () => {
    const large = event({ id: 'x'.repeat(40_000) });
    expect((await feed([Buffer.from(large), Buffer.from(large), Buffer.from(done)])).at).toBe(1);
    const { at } = await feed([Buffer.from(large)], false);
    expect(at).toBe(-1);
  });
});

describe('a stream that fails before its first output', () => {
  async function failing(reply: MockReply) {
    const server = await startFakeBackend([reply]);
    return failureOf(openBackend(server.baseUrl), { stream: true });
  }

  it.each<[string, object, object]>([
    ['429', { message: 'slow down, try again in 2s', code: 429 }, { fault: 'quota', retry: 'backoff', hintMs: 2000 }],
    ['a text for a status', { message: 'x', code: '503' }, { fault: 'backend', retry: 'backoff' }],
    ['a limit by its type', { message: 'x', type: 'rate_limit_error' }, { fault: 'quota', retry: 'backoff' }],
    ['an overload by its type', { message: 'x', type: 'overloaded_error' }, { fault: 'backend', retry: 'backoff' }],
    ['a failure by its type', { message: 'x', type: 'server_error' }, { fault: 'backend', retry: 'backoff' }],
    ['Gemini’s status', { message: 'x', status: 'RESOURCE_EXHAUSTED' }, { fault: 'quota', retry: 'backoff' }],
    [
      'a refused key',
      { message: 'x', type: 'authentication_error' },
      { fault: 'key', retry: 'never', refusedWith: 401 },
    ],
    ['loading', { message: 'Loading model', code: 503 }, { fault: 'nobody', retry: 'loading' }],
    ['an overflow', { message: 'prompt is too long', type: 'server_error' }, { fault: 'mismatch', retry: 'never' }],
    ['a refused request', { message: 'x', code: 400 }, { fault: 'client', retry: 'never' }],
    ['nothing', { message: 'x' }, { fault: 'backend', retry: 'never' }],
  ])('says so as %s', async (_what, error, expected) => {
    expect(await failing({ chunks: [': hi\n\n', role, event({ error })] })).toMatchObject(expected);
  });

  it('says so beside choices without output as well', async () => {
    const choices = [{ index: 0, delta: { content: '' }, finish_reason: 'error' }];
    const failure = await failing({ chunks: [role, event({ error: { message: 'x', code: 502 }, choices })] });
    expect(failure).toMatchObject({ fault: 'backend', retry: 'backoff', error: { code: 'upstream_error' } });
  });

  it.each<[string, MockReply, string]>([
    ['is cut after its role', { chunks: [role, done], cut_after_chunks: 1 }, 'cut'],
    ['ends after its role', { chunks: [role] }, 'without any output'],
  ])('%s, and can be tried again', async (_what, reply, why) => {
    const failure = await failing(reply);
    expect(failure).toMatchObject({ fault: 'backend', retry: 'backoff', emptyReply: undefined });
    expect(failure.error.message).toContain(why);
  });

  it('is of no matter once there was output', async () => {
    const error = event({ error: { message: 'x', code: 429 } });
    const chunks = [role, delta({ content: 'a' }), error];
    const server = await startFakeBackend([{ chunks }]);
    const reply = await openBackend(server.baseUrl).send(testRequest({ stream: true }));
    expect((await readReply(reply)).text).toBe(chunks.join(''));
    expect(await reply.finished).toMatchObject({ outcome: 'broken' });
  });
});

function cutAt(whole: Buffer, places: readonly number[]): Buffer[] {
  const cuts = [...new Set(places.map((place) => place % whole.length))].filter((place) => place > 0);
  const ends = [...cuts.sort((a, b) => a - b), whole.length];
  return ends.map((end, index) => whole.subarray(index === 0 ? 0 : ends[index - 1], end));
}
