import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { startFakeBackend } from '../../test/fake-backend/fake-backend.ts';
import { eventsOf, postJson, send, sendRaw } from '../../test/fake-backend/http-client.ts';
import type { MockReply } from './mock-reply.ts';

const hello = { model: 'm', messages: [{ role: 'user', content: 'one two three four' }] };

async function chat(reply: MockReply, body: object = hello) {
  const server = await startFakeBackend([reply]);
  return postJson(`${server.baseUrl}/chat/completions`, body);
}

const streamed = { ...hello, stream: true };

/** A chat request as a client on a bare socket sends it. */
function bareRequest(body: object): string {
  const text = JSON.stringify(body);
  return `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
}

describe('bodies', () => {
  test('JSON, text and bytes with status and headers', async () => {
    const server = await startFakeBackend([
      { status: 418, headers: { 'x-a': ['1', '2'], 'content-type': 'application/problem+json' }, json: { a: [1.5] } },
      { text: 'grüezi' },
      { bytes: { base64: '/wA=' } },
    ]);
    const url = `${server.baseUrl}/chat/completions`;
    const json = await postJson(url, hello);
    expect([json.status, json.text, json.headers['x-a']]).toEqual([418, '{"a":[1.5]}', '1, 2']);
    expect(json.headers['content-type']).toBe('application/problem+json');
    const text = await postJson(url, hello);
    expect([text.text, text.headers['content-type']]).toEqual(['grüezi', 'text/plain; charset=utf-8']);
    const bytes = await postJson(url, hello);
    expect([...bytes.body]).toEqual([255, 0]);
  });

  test('raw chunks come one by one with the delay between them', async () => {
    const chunks = ['data: {"a"', Buffer.from(': 1}\n\n'), { base64: 'eA==' }];
    const { pieces, headAt, headers } = await chat({ chunks, chunk_delay_ms: 60 });
    expect(headers['content-type']).toBe('text/event-stream');
    expect(headers['transfer-encoding']).toBe('chunked');
    expect(pieces.map((piece) => piece.bytes.toString())).toEqual(['data: {"a"', ': 1}\n\n', 'x']);
    expect((pieces[2]?.at ?? 0) - headAt).toBeGreaterThan(100);
  });

  test('events, with and without [DONE]', async () => {
    expect((await chat({ events: [{ a: 1 }, 'bare'] })).text).toBe('data: {"a":1}\n\ndata: bare\n\ndata: [DONE]\n\n');
    const open = await chat({ events: [1], omit_done: true });
    expect([open.text, open.complete]).toEqual(['data: 1\n\n', true]);
    expect((await chat({ omit_done: true }, streamed)).text).not.toContain('[DONE]');
  });

  test('an error with status 200 is JSON, or the first event, or a later one', async () => {
    const error = { message: 'no' };
    const whole = await chat({ error: 'no memory' });
    expect([whole.status, whole.text]).toEqual([200, '{"error":"no memory"}']);
    const first = await chat({ error }, streamed);
    expect([first.status, eventsOf(first.text)]).toEqual([200, [{ error }]]);
    const later = eventsOf((await chat({ error, error_after_chunks: 2 }, streamed)).text);
    expect(later).toHaveLength(3);
    expect(later[1]).toMatchObject({ choices: [{ delta: { content: 'one' } }] });
    expect(later[2]).toEqual({ error });
  });

  test('a redirect, a loading model and an error of its own', async () => {
    const redirect = await chat({ redirect: 'http://127.0.0.1:1/x' });
    expect([redirect.status, redirect.headers.location]).toEqual([307, 'http://127.0.0.1:1/x']);
    expect((await chat({ redirect: '/x', status: 301 })).status).toBe(301);
    const loading = await chat({ loading_model: true });
    expect([loading.status, JSON.parse(loading.text).error]).toEqual([
      503,
      { code: 503, message: 'Loading model', type: 'unavailable_error' },
    ]);
    const limited = await chat({ status: 429, retry_after: 2 });
    expect([limited.status, limited.headers['retry-after']]).toEqual([429, '2']);
    expect(JSON.parse(limited.text).error.code).toBe('rate_limit_exceeded');
  });

  test('Retry-After as a date lies at least that far ahead', async () => {
    const before = Date.now();
    const { headers } = await chat({ status: 503, retry_after_date: 2 });
    const date = Date.parse(headers['retry-after'] ?? '');
    expect(date).toBeGreaterThanOrEqual(before + 2000);
    expect(date).toBeLessThanOrEqual(Date.now() + 3000);
  });

  test('compressed answers, also as a stream that can be read as it comes', async () => {
    const whole = await chat({ gzip: true });
    expect(whole.headers['content-encoding']).toBe('gzip');
    expect(JSON.parse(gunzipSync(whole.body).toString()).choices[0].message.content).toBe('one two three four');
    const stream = await chat({ gzip: true, chunk_delay_ms: 20 }, streamed);
    expect(stream.pieces.length).toBeGreaterThan(3);
    expect(eventsOf(gunzipSync(stream.body).toString()).at(-1)).toBe('[DONE]');
  });

  test('a body that ends where the connection ends', async () => {
    const server = await startFakeBackend([{ close_delimited: true, text: 'all' }]);
    const { received, error } = await sendRaw(server.port, bareRequest(hello));
    const [head, body] = received.toString().split('\r\n\r\n');
    expect(head).not.toMatch(/content-length|transfer-encoding/i);
    expect([body, error]).toEqual(['all', undefined]);
  });

  test('bytes that are no HTTP', async () => {
    const server = await startFakeBackend([{ raw: 'SSH-2.0-x\r\n' }]);
    const { received } = await sendRaw(server.port, bareRequest(hello));
    expect(received.toString()).toBe('SSH-2.0-x\r\n');
    expect(await server.posts()[0]?.ended).toBe('cut');
  });
});

describe('time', () => {
  test('delays before the head and between head and body', async () => {
    const start = performance.now();
    const { headAt, pieces } = await chat({ delay_ms: 80, first_byte_delay_ms: 80 });
    expect(headAt - start).toBeGreaterThanOrEqual(79);
    expect((pieces[0]?.at ?? 0) - headAt).toBeGreaterThan(50);
  });

  test('a slow drip of any body', async () => {
    const { pieces, text, complete } = await chat({ text: 'abcdefg', chunk_bytes: 3, chunk_delay_ms: 20 });
    expect(pieces.map((piece) => piece.bytes.toString())).toEqual(['abc', 'def', 'g']);
    expect([text, complete]).toEqual(['abcdefg', true]);
  });

  test('a delay for every answer', async () => {
    const server = await startFakeBackend({ delay_ms: 60 });
    const start = performance.now();
    await postJson(`${server.baseUrl}/chat/completions`, hello);
    expect(performance.now() - start).toBeGreaterThanOrEqual(59);
  });
});

describe('broken connections', () => {
  test('reset before the head', async () => {
    const server = await startFakeBackend([{ reset: true }]);
    const { received, error } = await sendRaw(server.port, bareRequest(hello));
    expect([received.length, error]).toEqual([0, 'ECONNRESET']);
  });

  test('cut in a stream, after the chunks that were asked for', async () => {
    const { text, complete, status } = await chat({ cut_after_chunks: 2 }, streamed);
    expect([status, complete]).toEqual([200, false]);
    expect(eventsOf(text)).toHaveLength(2);
  });

  test('cut by a reset in a stream', async () => {
    const server = await startFakeBackend([{ cut_after_chunks: 1, reset: true }]);
    const { received, error } = await sendRaw(server.port, bareRequest(streamed));
    expect(received.toString()).toContain('"role":"assistant"');
    expect(error).toBe('ECONNRESET');
  });

  test('cut in a body with a length, never after its last byte', async () => {
    const inside = await chat({ text: 'abcdefg', cut_after_bytes: 3 });
    expect([inside.text, inside.complete]).toEqual(['abc', false]);
    const late = await chat({ text: 'abcdefg', cut_after_chunks: 9 });
    expect([late.text, late.complete]).toEqual(['abcdef', false]);
  });

  test('cut right after the head', async () => {
    const { status, text, complete } = await chat({ cut_after_chunks: 0 }, streamed);
    expect([status, text, complete]).toEqual([200, '', false]);
  });

  test('no answer at all, and none after some chunks, until the client leaves', async () => {
    const server = await startFakeBackend([
      { hang: true },
      { hang_after_chunks: 1 },
      { hang_after_chunks: 9, text: 'abc' },
    ]);
    const url = `${server.baseUrl}/chat/completions`;
    await expect(postJson(url, hello, { signal: AbortSignal.timeout(100) })).rejects.toThrow();
    expect(await server.posts()[0]?.ended).toBe('aborted');
    const partial = await postJson(url, streamed, { signal: AbortSignal.timeout(200) });
    expect([partial.pieces.length, partial.complete]).toEqual([1, false]);
    const whole = await postJson(url, hello, { signal: AbortSignal.timeout(200) });
    expect([whole.text, whole.complete]).toEqual(['ab', false]);
  });
});

describe('scripts', () => {
  test('replies are taken in turn, the last one repeats', async () => {
    const server = await startFakeBackend([{ status: 500 }, { status: 503 }, { status: 502 }]);
    const url = `${server.baseUrl}/chat/completions`;
    const statuses: number[] = [];
    for (let turn = 0; turn < 4; turn += 1) statuses.push((await postJson(url, hello)).status);
    expect(statuses).toEqual([500, 503, 502, 502]);
    expect((await send(`${server.baseUrl}/models`)).status).toBe(200);
    server.reset();
    expect((await postJson(url, hello)).status).toBe(500);
  });

  test('routes by path, method and model take turns apart', async () => {
    const server = await startFakeBackend({
      routes: [
        { path: 'models', replies: [{ status: 401 }] },
        { path: '/oauth/token', method: 'post', replies: [{ json: { access_token: 't' } }] },
        { path: 'chat/completions', model: 'a', replies: [{ text: 'a1' }, { text: 'a2' }] },
        { model: 'b', replies: [{ text: 'b1' }] },
      ],
      replies: [{ text: 'rest' }],
    });
    const chat = async (model: string) =>
      (await postJson(`${server.baseUrl}/chat/completions`, { ...hello, model })).text;
    expect((await send(`${server.baseUrl}/models`)).status).toBe(401);
    expect((await send(`${server.url}/oauth/token`, { body: 'grant_type=x' })).text).toBe('{"access_token":"t"}');
    expect((await send(`${server.url}/oauth/token`)).status).toBe(404);
    expect([await chat('a'), await chat('b'), await chat('c'), await chat('a')]).toEqual(['a1', 'b1', 'rest', 'a2']);
  });

  test('a function makes replies from requests, and what it throws comes out of close', async () => {
    const server = await startFakeBackend((request, turn) => ({ text: `${turn} ${request.headers['x-name']}` }));
    const url = `${server.baseUrl}/chat/completions`;
    await postJson(url, hello);
    expect((await postJson(url, hello, { headers: { 'x-name': 'n' } })).text).toBe('1 n');
    const { startMockServer } = await import('./mock-server.ts');
    const broken = await startMockServer({
      replies: () => {
        throw new Error('wrong script');
      },
    });
    expect((await postJson(`${broken.baseUrl}/chat/completions`, hello)).status).toBe(500);
    await expect(broken.close()).rejects.toThrow('wrong script');
  });

  test('another behaviour in mid-run', async () => {
    const server = await startFakeBackend([{ loading_model: true }]);
    const url = `${server.baseUrl}/chat/completions`;
    expect((await postJson(url, hello)).status).toBe(503);
    server.use({});
    expect((await postJson(url, hello)).status).toBe(200);
  });

  test('a key in Authorization or in any header', async () => {
    const server = await startFakeBackend({ require_key: 'secret-key' });
    const status = async (headers: Record<string, string>) =>
      (await postJson(`${server.baseUrl}/chat/completions`, hello, { headers })).status;
    expect(await status({})).toBe(401);
    expect(await status({ authorization: 'Bearer other' })).toBe(401);
    expect(await status({ authorization: 'Bearer secret-key' })).toBe(200);
    expect(await status({ 'x-api-key': 'secret-key' })).toBe(200);
    expect((await send(`${server.baseUrl}/models`)).status).toBe(401);
  });
});
