import { Agent } from 'node:http';
import { expect, test } from 'vitest';
import { startFakeBackend } from '../../test/fake-backend/fake-backend.ts';
import { postJson, send } from '../../test/fake-backend/http-client.ts';
import { startMockServer } from './mock-server.ts';

test('a request is recorded as it was sent', async () => {
  const server = await startFakeBackend([{ text: 'x' }]);
  const body = ' {"model": "a:b", "seed": 12345678901234567890}';
  const start = performance.now();
  await send(`${server.baseUrl}/completions?api-version=1&x`, { body, headers: { 'X-Odd-Case': 'V' } });
  const [request] = server.requests;
  expect(request).toMatchObject({ method: 'POST', path: '/v1/completions', query: '?api-version=1&x', model: 'a:b' });
  expect(request?.body.toString()).toBe(body);
  expect(request?.json.model).toBe('a:b');
  const position = request?.rawHeaders.indexOf('X-Odd-Case') ?? -1;
  expect(request?.rawHeaders[position + 1]).toBe('V');
  expect(request?.headers['x-odd-case']).toBe('V');
  expect(request?.arrivedAt).toBeGreaterThanOrEqual(start);
  expect(request?.remotePort).toBeGreaterThan(0);
  expect(await request?.ended).toBe('answered');
  expect(request?.aborted).toBe(false);
});

test('a body that is no JSON object says so', async () => {
  const server = await startFakeBackend([{ text: 'x' }]);
  await send(`${server.baseUrl}/completions`, { body: '[1]' });
  expect(() => server.requests[0]?.json).toThrow(SyntaxError);
  expect(server.requests[0]?.model).toBeUndefined();
});

test('requests can be waited for, counted and forgotten', async () => {
  const server = await startFakeBackend([{ delay_ms: 50 }]);
  const second = server.waitForRequest(2);
  const post = server.waitForPost(1);
  await send(`${server.baseUrl}/models`);
  const running = postJson(`${server.baseUrl}/embeddings`, { model: 'm', input: 'x' });
  expect((await second).path).toBe('/v1/embeddings');
  expect(await post).toBe(await second);
  expect([server.running, server.openConnections]).toEqual([1, 1]);
  await running;
  await (await second).ended;
  expect([server.running, server.acceptedConnections, server.posts().length]).toEqual([0, 2, 1]);
  server.reset();
  expect(server.requests).toHaveLength(0);
  await expect(server.waitForRequest(1, 20)).rejects.toThrow('waited 20 ms for request 1, but only 0 came');
});

test('a client that leaves is seen with its time, before and within the answer', async () => {
  const server = await startFakeBackend([{ delay_ms: 60_000 }, { chunk_delay_ms: 60_000 }]);
  const url = `${server.baseUrl}/chat/completions`;
  const body = { model: 'm', messages: [{ role: 'user', content: 'x' }], stream: true };
  for (const n of [1, 2]) {
    const leaving = new AbortController();
    const outcome = postJson(url, body, { signal: leaving.signal }).catch((error: Error) => error.name);
    const request = await server.waitForPost(n);
    expect(request.end).toBeUndefined();
    const left = performance.now();
    leaving.abort();
    expect(await request.ended).toBe('aborted');
    expect(request.aborted).toBe(true);
    expect(request.endedAt).toBeGreaterThanOrEqual(left);
    await outcome;
  }
  expect(server.running).toBe(0);
});

test('connections are kept alive between requests', async () => {
  const server = await startFakeBackend();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const options = { agent, headers: {} };
  for (let n = 0; n < 3; n += 1) await send(`${server.baseUrl}/models`, options);
  agent.destroy();
  expect(new Set(server.requests.map((request) => request.remotePort)).size).toBe(1);
  expect(server.acceptedConnections).toBe(1);
});

test('close breaks what is running, and the port is free again', async () => {
  const server = await startMockServer({ replies: [{ hang: true }] });
  const failure = postJson(`${server.baseUrl}/completions`, { prompt: 'x' }).catch(
    (error: NodeJS.ErrnoException) => error.code,
  );
  const request = await server.waitForPost(1);
  const { port } = server;
  await server.close();
  await server.close();
  expect(await request.ended).toBe('cut');
  expect(await failure).toBe('ECONNRESET');
  const again = await startFakeBackend({ port });
  await expect(startMockServer({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  expect(again.port).toBe(port);
});
