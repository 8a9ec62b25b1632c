import { describe, expect, it } from 'vitest';
import type { MockReply } from '../../fake-backend/fake-backend.ts';
import { startRouting, textOf } from './rig.ts';

const inOrder = { routes: { r: { model: ['a:m', 'b:m'] } } };
const good: MockReply = { content: 'from b' };

const role = { choices: [{ index: 0, delta: { role: 'assistant', content: '' } }] };

/** What one backend may do in place of an answer, and the code that is noted of it. */
const faults: readonly (readonly [string, MockReply, string])[] = [
  ['500', { status: 500 }, 'upstream_error'],
  ['503', { status: 503 }, 'upstream_error'],
  ['429', { status: 429, retry_after: 20 }, 'rate_limit_exceeded'],
  ['401', { status: 401 }, 'upstream_auth_failed'],
  ['403', { status: 403 }, 'upstream_auth_failed'],
  ['404', { status: 404 }, 'not_found'],
  ['413', { status: 413 }, 'request_too_large'],
  ['a reset', { reset: true }, 'upstream_unreachable'],
  ['a redirect', { redirect: 'http://127.0.0.1:1/' }, 'upstream_error'],
  ['bytes that are no HTTP', { raw: 'hello?\r\n\r\n' }, 'upstream_unreachable'],
  ['a body that is no JSON', { text: '<html>' }, 'upstream_error'],
  ['a 200 with an error', { error: { message: 'no', code: 500 } }, 'upstream_error'],
];

describe('a route whose first candidate fails', () => {
  it.each(faults)('is answered by the second after %s', async (_name, reply, code) => {
    for (const stream of [false, true]) {
      const { chat, calls, gateway } = await startRouting({ backends: { a: [reply], b: [good] }, settings: inOrder });
      const answer = await chat({ stream });
      expect(answer.status).toBe(200);
      expect(textOf(answer)).toBe('from b');
      expect(answer.headers).toMatchObject({
        'x-headrace-backend': 'b',
        'x-headrace-model': 'm',
        'x-headrace-attempts': '2',
        'x-headrace-tries': expect.stringMatching(new RegExp(`^a:m;${code};\\d+ms, b:m;ok;\\d+ms$`)),
      });
      expect(calls()).toEqual({ a: 1, b: 1 });
      const line = gateway.log().find((one) => one.msg === 'request');
      expect(line).toMatchObject({
        backend: 'b',
        attempts: 2,
        tries: [
          { backend: 'a', model: 'm', sent: true, code },
          { backend: 'b', model: 'm', sent: true },
        ],
      });
    }
  });

  it.each([
    ['nothing', { events: [] }],
    ['the role only', { events: [role] }],
    ['the role and an error', { events: [role, { error: { message: 'quota', code: 429 } }] }],
    ['an error after comments', { chunks: [': hi\n\n', ': there\n\n', 'data: {"error":{"message":"x"}}\n\n'] }],
    ['the role and a cut', { events: [role, role], cut_after_chunks: 1 }],
  ] satisfies [string, MockReply][])('fails over from a stream with %s', async (_name, reply) => {
    const { chat } = await startRouting({ backends: { a: [reply], b: [good] }, settings: inOrder });
    const answer = await chat({ stream: true });
    expect([answer.status, textOf(answer), answer.complete]).toEqual([200, 'from b', true]);
    expect(answer.text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(answer.text).not.toContain('error');
  });

  it('never changes the candidate after the first output', async () => {
    const { chat, calls } = await startRouting({
      backends: { a: [{ content: 'one two three four', cut_after_chunks: 3 }], b: [good] },
      settings: inOrder,
    });
    const answer = await chat({ stream: true });
    expect(answer.status).toBe(200);
    expect(answer.text).not.toContain('from b');
    expect(answer.text).not.toContain('[DONE]');
    const last = answer.text.trim().split('\n\n').at(-1) ?? '';
    expect(JSON.parse(last.slice('data: '.length)).error.code).toBe('upstream_error');
    expect(calls()).toEqual({ a: 1, b: 0 });
  });

  it("gives the client its own mistake's answer at once", async () => {
    const { chat, calls } = await startRouting({ backends: { a: [{ status: 400 }], b: [good] }, settings: inOrder });
    const answer = await chat();
    expect(answer.status).toBe(400);
    expect(calls()).toEqual({ a: 1, b: 0 });
  });

  it('is answered by a backend that is there where the first is not', async () => {
    const { chat, backend } = await startRouting({ backends: { a: [], b: [good] }, settings: inOrder });
    await backend('a').close();
    expect(textOf(await chat())).toBe('from b');
    expect(textOf(await chat({ stream: true }))).toBe('from b');
  });
});

describe('an answer without any output', () => {
  const empty: MockReply = { content: '', finish_reason: 'stop' };

  it('counts as a failure where another candidate has a better one', async () => {
    for (const stream of [false, true]) {
      const { chat } = await startRouting({ backends: { a: [empty], b: [good] }, settings: inOrder });
      expect(textOf(await chat({ stream }))).toBe('from b');
    }
  });

  it('is given to the client as it came where nobody has a better one', async () => {
    for (const stream of [false, true]) {
      const { chat, calls } = await startRouting({ backends: { a: [empty], b: [{ status: 500 }] }, settings: inOrder });
      const answer = await chat({ stream });
      expect([answer.status, textOf(answer)]).toEqual([200, '']);
      expect(answer.headers).toMatchObject({ 'x-headrace-backend': 'a' });
      if (stream) expect(answer.text).toContain('[DONE]');
      expect(calls()).toEqual({ a: 1, b: 1 });
    }
  });
});

describe('a route all of whose candidates fail', () => {
  it('tells the error that says most, and every attempt', async () => {
    const { chat } = await startRouting({
      backends: { a: [{ status: 500 }], b: [{ status: 429, retry_after: 7 }], c: [{ reset: true }] },
      settings: { routes: { r: { model: ['a:m', 'b:m', 'c:m'] } } },
    });
    const answer = await chat();
    const body = JSON.parse(answer.text);
    expect([answer.status, body.error.code]).toEqual([429, 'rate_limit_exceeded']);
    expect(answer.headers).toMatchObject({ 'retry-after': '7', 'x-should-retry': 'false', 'x-headrace-attempts': '3' });
    expect(body.attempts).toMatchObject([
      { backend: 'a', model: 'm', sent: true, code: 'upstream_error' },
      { backend: 'b', model: 'm', sent: true, code: 'rate_limit_exceeded' },
      { backend: 'c', model: 'm', sent: true, code: 'upstream_unreachable' },
    ]);
  });

  it('asks each again as its backend says, but never more often than the route allows', async () => {
    const settings = { routes: { r: { model: ['a:m', 'b:m'], retry: { max_attempts: 3 } } } };
    const { chat, calls } = await startRouting({
      backends: { a: [{ status: 500 }], b: [{ status: 500 }] },
      yaml: { all: 'max_retries: 2\nretry_delay: 0.01\n' },
      settings,
    });
    expect((await chat()).status).toBe(502);
    expect((calls().a ?? 0) + (calls().b ?? 0)).toBe(3);
    expect(Math.min(calls().a ?? 0, calls().b ?? 0)).toBe(1);
  });

  it('gives up when the time for it is over', async () => {
    const settings = { routes: { r: { model: ['a:m', 'b:m'], retry: { max_time: 0.3 } } } };
    const { chat, calls } = await startRouting({
      backends: { a: [{ status: 500 }], b: [{ status: 500 }] },
      yaml: { all: 'max_retries: 10\nretry_delay: 0.1\n' },
      settings,
    });
    expect((await chat()).status).toBe(502);
    expect(calls().a).toBeLessThan(6);
  });
});

describe('the time of a route', () => {
  it('ends a candidate that has no output, and asks the next', async () => {
    const settings = { routes: { r: { model: ['a:m', 'b:m'], timeouts: { first_token: 0.2 } } } };
    for (const reply of [{ hang: true }, { events: [role, role], hang_after_chunks: 1 }]) {
      const { chat } = await startRouting({ backends: { a: [reply], b: [good] }, settings });
      expect(textOf(await chat({ stream: true }))).toBe('from b');
    }
  });

  it('ends a stream that falls silent', async () => {
    const settings = { routes: { r: { model: ['a:m', 'b:m'], timeouts: { gap: 0.2 } } } };
    const { chat, calls } = await startRouting({
      backends: { a: [{ content: 'one two three', hang_after_chunks: 3 }], b: [good] },
      settings,
    });
    const answer = await chat({ stream: true });
    expect(answer.text).toContain('upstream_timeout');
    expect(calls()).toEqual({ a: 1, b: 0 });
  });

  it('ends everything when all of it is over', async () => {
    const settings = { routes: { r: { model: ['a:m', 'b:m'], timeouts: { total: 0.3 } } } };
    const { chat } = await startRouting({ backends: { a: [{ hang: true }], b: [good] }, settings });
    const answer = await chat();
    expect([answer.status, JSON.parse(answer.text).error.code]).toEqual([504, 'upstream_timeout']);
    const dripping = await startRouting({
      backends: { a: [{ content: 'one two three four five six', chunk_delay_ms: 120 }], b: [good] },
      settings,
    });
    const cut = await dripping.chat({ stream: true });
    expect(cut.text).toContain('upstream_timeout');
    expect(cut.text).not.toContain('[DONE]');
  });
});
