import { describe, expect, it } from 'vitest';
import { type MockReply, startFakeBackend } from '../../test/fake-backend/fake-backend.ts';
import { failureOf, openBackend, readReply, testRequest } from './test-backend.ts';

const role = 'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n';
const text = 'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n';
const done = 'data: [DONE]\n\n';

async function start(reply: MockReply) {
  const server = await startFakeBackend([reply]);
  return { server, backend: openBackend(server.baseUrl) };
}

describe('the time until the first output', () => {
  it.each<[string, MockReply, boolean]>([
    ['a head that does not come', { hang: true }, true],
    ['a body that does not come', { first_byte_delay_ms: 20_000 }, true],
    ['a role and nothing else', { chunks: [role, text], hang_after_chunks: 1 }, true],
    ['comments without end', { chunks: Array(40).fill(': wait\n\n'), chunk_delay_ms: 50 }, true],
    ['a whole answer that is late', { delay_ms: 20_000 }, false],
    ['a whole answer that drips', { content: 'x'.repeat(400), chunk_bytes: 4, chunk_delay_ms: 50 }, false],
  ])('is over for %s', async (_what, reply, stream) => {
    const { server, backend } = await start(reply);
    const began = performance.now();
    const failure = await failureOf(backend, { stream, firstOutputMs: 300 });
    expect(performance.now() - began).toBeGreaterThan(280);
    expect(failure).toMatchObject({ fault: 'backend', retry: 'backoff', error: { code: 'upstream_timeout' } });
    expect(failure.error.message).toContain('no output in 0.3 s');
    expect(await server.posts()[0]?.ended).toBe('aborted');
  });

  it('does not matter once it came', async () => {
    const { backend } = await start({ chunks: [role, text, text, text, done], chunk_delay_ms: 150 });
    const reply = await backend.send(testRequest({ stream: true, firstOutputMs: 400 }));
    expect(await readReply(reply)).toEqual({ text: role + text + text + text + done, error: undefined });
  });

  it('is how long start-up is held back, so that a later failure can still be tried elsewhere', async () => {
    const chunks = [...Array(12).fill(': wait\n\n'), 'data: {"error":{"message":"x","code":503}}\n\n'];
    const { backend } = await start({ chunks, chunk_delay_ms: 450 });
    const failure = await failureOf(backend, { stream: true, firstOutputMs: 10_000 });
    expect(failure).toMatchObject({ fault: 'backend', retry: 'backoff', error: { code: 'upstream_error' } });
  }, 15_000);

  it('is not bounded where nothing says so: after five seconds start-up goes on as it is', async () => {
    const chunks = [...Array(14).fill(': wait\n\n'), text, done];
    const { backend } = await start({ chunks, chunk_delay_ms: 400 });
    const reply = await backend.send(testRequest({ stream: true }));
    const heldMs = performance.now() - reply.firstByteAt;
    expect(heldMs).toBeGreaterThan(4900);
    expect((await readReply(reply)).text).toBe(chunks.join(''));
  }, 15_000);
});

describe('the silence within a stream', () => {
  it('breaks it where it is too long', async () => {
    const { server, backend } = await start({ chunks: [role, text, text], hang_after_chunks: 2 });
    const reply = await backend.send(testRequest({ stream: true, gapMs: 200 }));
    const read = await readReply(reply);
    expect(read.text).toBe(role + text);
    expect(read.error).toMatchObject({ code: 'upstream_timeout', message: expect.stringContaining('0.2 s') });
    expect(await reply.finished).toMatchObject({ outcome: 'broken' });
    expect(await server.posts()[0]?.ended).toBe('aborted');
  });

  it('does not matter before the first output, nor where pieces keep coming', async () => {
    const { backend } = await start({
      chunks: [role, ...Array(6).fill(text), done],
      first_byte_delay_ms: 500,
      chunk_delay_ms: 100,
    });
    const reply = await backend.send(testRequest({ stream: true, gapMs: 400 }));
    expect((await readReply(reply)).error).toBeUndefined();
  });

  it('is never made longer than the backend’s own timeout', async () => {
    const server = await startFakeBackend([{ chunks: [text, text], hang_after_chunks: 1 }]);
    const backend = openBackend(server.baseUrl, { timeoutMs: 200 });
    const reply = await backend.send(testRequest({ stream: true, gapMs: 60_000 }));
    expect((await readReply(reply)).error?.code).toBe('upstream_timeout');
  });
});

describe('the time for all of an answer', () => {
  it('ends one of which nothing is there', async () => {
    for (const stream of [false, true]) {
      const { server, backend } = await start({ hang: true });
      const failure = await failureOf(backend, { stream, totalMs: 200 });
      expect(failure).toMatchObject({ fault: 'backend', error: { code: 'upstream_timeout' } });
      expect(await server.posts()[0]?.ended).toBe('aborted');
    }
  });

  it('breaks a stream that runs, with what came of it', async () => {
    const { server, backend } = await start({ chunks: Array(60).fill(text), chunk_delay_ms: 50 });
    const reply = await backend.send(testRequest({ stream: true, totalMs: 400 }));
    const read = await readReply(reply);
    expect(read.text.startsWith(text)).toBe(true);
    expect(read.text.length).toBeLessThan(60 * text.length);
    expect(read.error?.code).toBe('upstream_timeout');
    expect(await reply.finished).toMatchObject({ outcome: 'broken' });
    expect(await server.posts()[0]?.ended).toBe('aborted');
  });

  it('ends a stream that nobody reads yet', async () => {
    const { backend } = await start({ chunks: [text, text], hang_after_chunks: 1 });
    const reply = await backend.send(testRequest({ stream: true, totalMs: 200 }));
    await new Promise((resolve) => setTimeout(resolve, 400));
    const read = await readReply(reply);
    expect([read.text, read.error?.code]).toEqual([text, 'upstream_timeout']);
  });
});
