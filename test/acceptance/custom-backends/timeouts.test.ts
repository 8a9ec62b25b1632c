import { describe, expect, it } from 'vitest';
import { eventsOf } from '../../fake-backend/http-client.ts';
import { failure, startRig } from './rig.ts';

const yaml = 'timeout: 0.4\nmax_retries: 0';

describe('the time that a backend may take', () => {
  it.each([false, true])('ends with 504 and a closed socket where no answer comes (stream: %s)', async (stream) => {
    const { chat, backend } = await startRig({ script: [{ delay_ms: 20_000 }], yaml: 'timeout: 1\nmax_retries: 0' });
    const start = performance.now();
    const answer = await chat({ stream });
    const took = performance.now() - start;
    expect(failure(answer)).toMatchObject({ status: 504, error: { code: 'upstream_timeout', type: 'upstream_error' } });
    expect(failure(answer).error.message).toContain('timeout');
    expect(took).toBeGreaterThan(950);
    expect(took).toBeLessThan(5000);
    const [post] = backend.posts();
    expect(await post?.ended).toBe('aborted');
    expect((post?.endedAt ?? 0) - (post?.arrivedAt ?? 0)).toBeLessThan(5000);
  });

  it('bounds the whole of an answer that is not streamed, though its bytes keep coming', async () => {
    const reply = { content: 'x'.repeat(400), chunk_bytes: 10, chunk_delay_ms: 100 };
    const { chat, backend } = await startRig({ script: [reply], yaml });
    expect(failure(await chat())).toMatchObject({ status: 504, error: { code: 'upstream_timeout' } });
    expect(await backend.posts()[0]?.ended).toBe('aborted');
  });

  it('bounds one attempt, not all of them', async () => {
    const { chat, backend } = await startRig({
      script: [{ delay_ms: 250, status: 500 }, { delay_ms: 250, status: 500 }, { delay_ms: 250 }],
      yaml: 'timeout: 0.6\nretry_delay: 0',
    });
    const start = performance.now();
    expect((await chat()).status).toBe(200);
    expect(performance.now() - start).toBeGreaterThan(700);
    expect(backend.posts()).toHaveLength(3);
  });

  it('bounds a stream up to its first byte, also after the head', async () => {
    const { chat, backend } = await startRig({ script: [{ first_byte_delay_ms: 20_000 }], yaml });
    expect(failure(await chat({ stream: true }))).toMatchObject({ status: 504, error: { code: 'upstream_timeout' } });
    expect(await backend.posts()[0]?.ended).toBe('aborted');
  });

  it('bounds each gap in a stream: what came is kept, an error event ends it', async () => {
    const { chat, backend } = await startRig({ script: [{ content: 'a b c', hang_after_chunks: 2 }], yaml });
    const answer = await chat({ stream: true });
    const events = eventsOf(answer.text);
    expect([answer.status, answer.complete, events.length]).toEqual([200, true, 3]);
    expect(events[1]).toMatchObject({ choices: [{ delta: { content: 'a' } }] });
    expect(events[2]).toMatchObject({ error: { code: 'upstream_timeout', type: 'upstream_error' } });
    expect(await backend.posts()[0]?.ended).toBe('aborted');
    expect(backend.posts()).toHaveLength(1);
  });

  it('does not bound the total of a stream that is slow but alive', async () => {
    const { chat } = await startRig({ script: [{ content: 'a b c d e f g h', chunk_delay_ms: 120 }], yaml });
    const start = performance.now();
    const answer = await chat({ stream: true });
    expect(performance.now() - start).toBeGreaterThan(900);
    expect(answer.text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(answer.text).not.toContain('error');
  });

  it('counts bytes of any kind as life, also comments and halves of events', async () => {
    const chunks = [
      ': wait\n\n',
      'data: {"choices":',
      '[{"index":0,"delta":',
      '{"content":"a"}}]}\n\n',
      'data: [DONE]\n\n',
    ];
    const { chat } = await startRig({ script: [{ chunks, chunk_delay_ms: 200 }], yaml });
    const answer = await chat({ stream: true });
    expect([answer.status, answer.text]).toEqual([200, chunks.join('')]);
  });

  it('does not run while the client is slow to read', async () => {
    const event = `data: {"choices":[{"index":0,"delta":{"content":"${'x'.repeat(65_536)}"}}]}\n\n`;
    const chunks = [...Array<string>(300).fill(event), 'data: [DONE]\n\n'];
    const { gateway } = await startRig({ script: [{ chunks }], yaml });
    const answer = await gateway.post('/v1/chat/completions', {
      model: 'u:m',
      stream: true,
      messages: [{ role: 'user', content: 'x' }],
    });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect((await answer.text()) === chunks.join('')).toBe(true);
  });
});
