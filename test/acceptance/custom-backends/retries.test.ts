import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { MockReply } from '../../fake-backend/fake-backend.ts';
import { startTestGateway } from '../../harness/test-gateway.ts';
import { customYaml, failure, hello, postTo, startRig } from './rig.ts';

const yaml = 'max_retries: 2\nretry_delay: 0';
const good: MockReply = { content: 'fine' };

/** Ways in which an answer can end too early, before a byte of it may go to the client. */
const cuts: readonly (readonly [string, MockReply, { stream: boolean }])[] = [
  ['an answer whose connection is reset before its head', { reset: true }, { stream: false }],
  ['a stream whose connection is reset before its head', { reset: true }, { stream: true }],
  ['an answer whose connection is closed before its head', { raw: '' }, { stream: false }],
  ['an answer that is no HTTP', { raw: 'SSH-2.0-x\r\n' }, { stream: false }],
  ['an answer that is cut between head and body', { cut_after_chunks: 0 }, { stream: false }],
  ['a stream that is cut between head and body', { cut_after_chunks: 0 }, { stream: true }],
  ['an answer that is cut in its middle', { cut_after_bytes: 40 }, { stream: false }],
  ['an answer that is reset in its middle', { cut_after_bytes: 40, reset: true }, { stream: false }],
  ['a stream that is cut within its first event', { cut_after_bytes: 20 }, { stream: true }],
  ['a stream that ends in good order without any event', { events: [], omit_done: true }, { stream: true }],
];

describe('what is tried again', () => {
  it.each([408, 429, 500, 502, 503, 504, 529])('is an answer with status %i, streamed or not', async (status) => {
    for (const stream of [false, true]) {
      const { chat, backend } = await startRig({ script: [{ status }, { status }, good], yaml });
      const answer = await chat({ stream });
      expect([answer.status, answer.headers['x-headrace-attempts']]).toEqual([200, '3']);
      expect(answer.text).toContain('fine');
      const bodies = backend.posts().map((post) => post.body.toString());
      expect(bodies).toEqual(Array(3).fill(bodies[0]));
    }
  });

  it.each([400, 401, 402, 403, 404, 409, 413, 422, 501, 505])('is not an answer with status %i', async (status) => {
    const { chat, backend } = await startRig({ script: [{ status }, good], yaml });
    const answer = await chat();
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.headers['x-headrace-attempts']).toBe('1');
    expect(backend.posts()).toHaveLength(1);
  });

  it.each(cuts)('is %s, and the client sees nothing of it', async (_what, cut, fields) => {
    const { chat, backend } = await startRig({ script: [cut, good], yaml });
    const answer = await chat(fields);
    expect([answer.status, answer.complete, answer.headers['x-headrace-attempts']]).toEqual([200, true, '2']);
    expect(answer.text).toContain('fine');
    expect(answer.text).not.toContain('error');
    expect(answer.text.match(/assistant/g)).toHaveLength(1);
    expect(backend.posts()).toHaveLength(2);
  });

  it.each([false, true])('is a time-out before the first byte (stream: %s)', async (stream) => {
    const { chat, backend } = await startRig({ script: [{ hang: true }, good], yaml: `timeout: 0.2\n${yaml}` });
    const answer = await chat({ stream });
    expect([answer.status, answer.headers['x-headrace-attempts']]).toEqual([200, '2']);
    expect(await backend.posts()[0]?.ended).toBe('aborted');
  });

  it('is a connection that cannot be had, also where a server comes up meanwhile', async () => {
    const later = createServer((request, response) => {
      request.resume().on('end', () => response.end('{"choices":[]}'));
    });
    later.listen(0, '127.0.0.1');
    await new Promise((resolve) => later.once('listening', resolve));
    const { port } = later.address() as AddressInfo;
    await new Promise((resolve) => later.close(resolve));
    const url = `http://127.0.0.1:${port}/v1`;
    const gateway = await startTestGateway({
      files: { 'backends/u/backend.yaml': customYaml(url, 'max_retries: 1\nretry_delay: 0.5') },
    });
    const call = () => postTo(`${gateway.url}/v1/chat/completions`, hello);
    const refused = await call();
    expect(failure(refused)).toMatchObject({ status: 502, error: { code: 'upstream_unreachable' } });
    expect(failure(refused).error.message).toContain(url);
    expect(refused.headers['x-headrace-attempts']).toBe('2');
    const answering = call();
    setTimeout(() => later.listen(port, '127.0.0.1'), 150);
    const answer = await answering;
    expect([answer.status, answer.headers['x-headrace-attempts']]).toEqual([200, '2']);
    later.closeAllConnections();
    await new Promise((resolve) => later.close(resolve));
  });

  it('is nothing with max_retries: 0', async () => {
    for (const reply of [{ status: 503 }, { reset: true }, { cut_after_bytes: 40 }]) {
      const { chat, backend } = await startRig({ script: [reply, good], yaml: 'max_retries: 0' });
      const answer = await chat();
      expect([answer.status, answer.headers['x-headrace-attempts']]).toEqual([502, '1']);
      expect(backend.posts()).toHaveLength(1);
    }
  });

  it('is tried twice more where the file does not say how often', async () => {
    const { chat, backend } = await startRig({ script: [{ status: 500 }], yaml: 'retry_delay: 0' });
    await chat();
    expect(backend.posts()).toHaveLength(3);
  });

  it('holds for completions and embeddings as well', async () => {
    const { post, backend } = await startRig({ script: [{ status: 500 }, {}, { cut_after_chunks: 0 }, {}], yaml });
    expect((await post('/v1/completions', { model: 'u:m', prompt: 'a' })).headers['x-headrace-attempts']).toBe('2');
    expect((await post('/v1/embeddings', { model: 'u:m', input: 'a' })).headers['x-headrace-attempts']).toBe('2');
    expect(backend.posts().map((request) => request.path)).toEqual(
      ['completions', 'completions', 'embeddings', 'embeddings'].map((name) => `/v1/${name}`),
    );
  });
});
