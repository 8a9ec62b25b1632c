import { describe, expect, it } from 'vitest';
import { eventsOf } from '../../fake-backend/http-client.ts';
import { failure, startRig } from './rig.ts';

const yaml = 'max_retries: 2\nretry_delay: 0';
const stream = true;

describe('a stream that breaks', () => {
  it.each([
    ['closed after its first output', { cut_after_chunks: 2 }, 2],
    ['closed after some events', { cut_after_chunks: 3 }, 3],
    ['reset', { cut_after_chunks: 2, reset: true }, 2],
    ['closed within an event, of which nothing goes on', { cut_after_bytes: 700 }, undefined],
    ['closed after its last word', { cut_after_chunks: 4 }, 4],
  ])('and is %s ends with an error event and without [DONE], after one call', async (_how, cut, whole) => {
    const { chat, backend, gateway } = await startRig({ script: [{ content: 'a b c', ...cut }, {}], yaml });
    const answer = await chat({ stream });
    const events = eventsOf(answer.text);
    expect([answer.status, answer.complete]).toEqual([200, true]);
    if (whole !== undefined) expect(events).toHaveLength(whole + 1);
    for (const event of events.slice(0, -1)) expect(event).toMatchObject({ object: 'chat.completion.chunk' });
    expect(events.at(-1)).toMatchObject({ error: { code: 'upstream_error', type: 'upstream_error', param: null } });
    expect(answer.text).not.toContain('[DONE]');
    expect(backend.posts()).toHaveLength(1);
    expect(gateway.log().at(-1)).toMatchObject({ outcome: 'broken', code: 'upstream_error' });
  });

  it.each([
    ['after its role', { cut_after_chunks: 1 }],
    ['within its first output', { cut_after_bytes: 300 }],
  ])('%s is asked for again, and the client sees nothing of it', async (_when, cut) => {
    const { chat, backend } = await startRig({ script: [{ content: 'a b c', ...cut }, {}], yaml });
    const answer = await chat({ stream });
    expect(answer.text).toContain('[DONE]');
    expect(answer.text).not.toContain('error');
    expect(eventsOf(answer.text).filter((event) => JSON.stringify(event).includes('"role"'))).toHaveLength(1);
    expect(backend.posts()).toHaveLength(2);
  });

  it('by its clean end without a reason and without [DONE] ends with an error event', async () => {
    const chunk = { choices: [{ index: 0, delta: { content: 'a' }, finish_reason: null }] };
    const { chat, backend } = await startRig({ script: [{ events: [chunk], omit_done: true }], yaml });
    const events = eventsOf((await chat({ stream })).text);
    expect(events).toEqual([chunk, { error: expect.objectContaining({ code: 'upstream_error' }) }]);
    expect(backend.posts()).toHaveLength(1);
  });

  it('only by lacking [DONE] after its reason to finish goes on as it came', async () => {
    const { chat, gateway } = await startRig({ script: [{ content: 'a b', omit_done: true }], yaml });
    const answer = await chat({ stream, stream_options: { include_usage: true } });
    expect(answer.complete).toBe(true);
    expect(eventsOf(answer.text)).toHaveLength(5);
    expect(answer.text).not.toMatch(/"error"|\[DONE\]/);
    expect(gateway.log().at(-1)).toMatchObject({ outcome: 'complete', status: 200 });
  });

  it('after its [DONE] is whole', async () => {
    const { chat } = await startRig({ script: [{ content: 'a', cut_after_chunks: 9 }], yaml });
    const answer = await chat({ stream });
    expect(answer.text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(answer.text).not.toContain('"error"');
  });

  it('with an error of the backend’s own passes it on, after one call', async () => {
    const error = { message: 'out of memory', type: 'server_error', code: null, param: null };
    const { chat, backend } = await startRig({ script: [{ content: 'a b', error, error_after_chunks: 2 }, {}], yaml });
    const answer = await chat({ stream });
    const events = eventsOf(answer.text);
    expect(events[1]).toMatchObject({ choices: [{ delta: { content: 'a' } }] });
    expect(events[2]).toMatchObject({ error: { message: expect.stringContaining('out of memory') } });
    expect(answer.text).not.toContain('[DONE]');
    expect(backend.posts()).toHaveLength(1);
  });

  it('could still be told by its status: no head goes out before the first event', async () => {
    const { chat } = await startRig({ script: [{ first_byte_delay_ms: 400 }], yaml });
    const start = performance.now();
    const answer = await chat({ stream });
    expect(answer.status).toBe(200);
    expect(answer.headAt - start).toBeGreaterThan(350);
  });

  it('before its first byte, whenever it is tried, is an answer with a status', async () => {
    const { chat, backend } = await startRig({ script: [{ events: [], omit_done: true }], yaml });
    const answer = await chat({ stream });
    expect([answer.status, failure(answer).error.code]).toEqual([502, 'upstream_error']);
    expect(answer.headers['x-headrace-attempts']).toBe('3');
    expect(backend.posts()).toHaveLength(3);
  });
});
