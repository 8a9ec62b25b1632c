import { existsSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type MockReply, startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { backendYaml, startTestGateway, type TestGateway } from '../../harness/test-gateway.ts';
import { chat, chatPath, expectError, startAt } from './chat.ts';
import { freePort } from './gateway-process.ts';

function startWith(baseUrl: string, settings = ''): Promise<TestGateway> {
  const yaml = backendYaml(baseUrl, `auth_type: none\n${settings}`);
  return startTestGateway({ files: { 'backends/u/backend.yaml': yaml }, flags: { defaultBackend: 'u' } });
}

describe('failures are told apart (R11)', () => {
  test('connection refused: upstream_unreachable with URL and next step, and once it listens it is used', async () => {
    const port = await freePort();
    const gateway = await startWith(`http://127.0.0.1:${port}/v1`, 'max_retries: 0');
    const answer = await gateway.post(chatPath, chat());
    const { message } = await expectError(answer, 502, 'upstream_unreachable');
    expect(message).toContain(`http://127.0.0.1:${port}/v1`);
    expect(message).toContain('connection refused');
    expect(message).toContain(existsSync('/.dockerenv') ? 'host.docker.internal' : 'is the server running');
    await startFakeBackend({ port });
    await expect.poll(async () => (await gateway.post(chatPath, chat())).status, { timeout: 20_000 }).toBe(200);
  });

  test('a name that does not exist', async () => {
    const gateway = await startWith('http://a..test:80/v1', 'max_retries: 0');
    const { message } = await expectError(await gateway.post(chatPath, chat()), 502, 'upstream_unreachable');
    expect(message).toContain('name not found');
    expect(message).toContain('http://a..test');
  });

  test('TLS that the server does not speak, and TLS with nothing to show', async () => {
    const plain = await startFakeBackend();
    const bare = createServer({}).listen(0, '127.0.0.1');
    onTestFinished(() => void bare.close());
    await new Promise((resolve) => bare.once('listening', resolve));
    for (const port of [plain.port, (bare.address() as AddressInfo).port]) {
      const gateway = await startWith(`https://127.0.0.1:${port}/v1`, 'max_retries: 0');
      const { message } = await expectError(await gateway.post(chatPath, chat()), 502, 'upstream_unreachable');
      expect(message).toContain('TLS');
      expect(message).toContain('http or https');
    }
  });

  test.each<[string, MockReply]>([
    ['before the head', { reset: true }],
    ['after the head', { cut_after_chunks: 0 }],
    ['in a whole answer', { cut_after_bytes: 20 }],
    ['by bytes that are no HTTP', { raw: 'nonsense\r\n\r\n' }],
  ])('a connection cut %s', async (_where, reply) => {
    const backend = await startFakeBackend([reply]);
    const gateway = await startWith(backend.baseUrl, 'max_retries: 0');
    const { message } = await expectError(await gateway.post(chatPath, chat()), 502, 'upstream_unreachable');
    expect(message).toContain(backend.baseUrl);
  });

  test.each<[string, MockReply]>([
    ['never answers', { hang: true }],
    ['sends a head only', { first_byte_delay_ms: 60_000 }],
    ['stops in the middle', { chunk_bytes: 20, hang_after_chunks: 1 }],
  ])('a server that %s: 504 upstream_timeout with the URL and the setting', async (_what, reply) => {
    const backend = await startFakeBackend([reply]);
    const gateway = await startWith(backend.baseUrl, 'max_retries: 0\ntimeout: 0.3');
    const { message } = await expectError(await gateway.post(chatPath, chat()), 504, 'upstream_timeout');
    expect(message).toContain(backend.baseUrl);
    expect(message).toContain('timeout');
    expect(await backend.posts()[0]?.ended).toBe('aborted');
  });
});

describe('a server that is loading its model (R11)', () => {
  test('A18 loading twice, then ready: the client gets the 200, apart from max_retries', async () => {
    const backend = await startFakeBackend([{ loading_model: true }, { loading_model: true }, {}]);
    const gateway = await startWith(backend.baseUrl, 'max_retries: 0');
    const answer = await gateway.post(chatPath, chat());
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-headrace-attempts')).toBe('3');
    const [first, second] = backend.posts();
    expect((second?.arrivedAt ?? 0) - (first?.arrivedAt ?? 0)).toBeGreaterThan(450);
  });

  test('A18 Retry-After is honoured while it loads', async () => {
    const backend = await startFakeBackend([{ loading_model: true, retry_after: 1 }, {}]);
    const gateway = await startWith(backend.baseUrl, 'max_retries: 0');
    expect((await gateway.post(chatPath, chat({ stream: true }))).status).toBe(200);
    const [first, second] = backend.posts();
    expect((second?.arrivedAt ?? 0) - (first?.arrivedAt ?? 0)).toBeGreaterThan(950);
  });

  test('A18 always loading: after loading_wait 503 with retry-after', async () => {
    const backend = await startFakeBackend([{ loading_model: true }]);
    const gateway = await startWith(backend.baseUrl, 'loading_wait: 0.8');
    const started = performance.now();
    const answer = await gateway.post(chatPath, chat());
    expect(performance.now() - started).toBeGreaterThan(780);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    await expectError(answer, 503, 'backend_unavailable');
    expect(backend.posts()).toHaveLength(3);
  });

  test('A18 loading_wait 0 is off', async () => {
    const backend = await startFakeBackend([{ loading_model: true }]);
    const gateway = await startWith(backend.baseUrl, 'loading_wait: 0');
    await expectError(await gateway.post(chatPath, chat()), 503, 'backend_unavailable');
    expect(backend.posts()).toHaveLength(1);
  });

  test('A18 a first token that takes long: the default is not under ten minutes, and the gap is what counts', async () => {
    const backend = await startFakeBackend([{ first_byte_delay_ms: 700, chunk_delay_ms: 400, content: 'a b c' }]);
    const gateway = await startWith(backend.baseUrl);
    expect(gateway.gateway.runtime.backends[0]?.config.timeoutMs).toBeGreaterThanOrEqual(600_000);
    const keyless = await startAt(backend.url);
    expect(keyless.gateway.runtime.backends[0]?.config.timeoutMs).toBeGreaterThanOrEqual(600_000);
    const patient = await startWith(backend.baseUrl, 'timeout: 1.2');
    const answer = await patient.post(chatPath, chat({ stream: true }));
    expect(await answer.text()).toContain('data: [DONE]'); // 2.7 s in all
  });
});

const texts: [string, unknown][] = [
  ['{"error":{"message"}}', { error: { message: 'the text of the server' } }],
  ['{"error":"text"}', { error: 'the text of the server' }],
  ['{"object":"error","message"}', { object: 'error', message: 'the text of the server', code: 400 }],
];

describe('errors with status 200', () => {
  test.each(texts)('%s is a failure, streamed or not', async (_shape, json) => {
    const backend = await startFakeBackend([{ json }]);
    const gateway = await startWith(backend.baseUrl);
    for (const stream of [false, true]) {
      const answer = await gateway.post(chatPath, chat({ stream }));
      const { message } = await expectError(answer, 502, 'upstream_error');
      expect(message).toContain('the text of the server');
      expect(message).toContain(backend.baseUrl);
    }
  });

  test.each(texts)('%s as the first event of a stream is a failure', async (_shape, event) => {
    const backend = await startFakeBackend([{ chunks: [': hello\n\n', `data: ${JSON.stringify(event)}\n\n`] }]);
    const gateway = await startWith(backend.baseUrl);
    const answer = await gateway.post(chatPath, chat({ stream: true }));
    const { message } = await expectError(answer, 502, 'upstream_error');
    expect(message).toContain('the text of the server');
    expect(message).toContain(backend.baseUrl);
  });

  test('LM Studio under a wrong path', async () => {
    const backend = await startFakeBackend({ profile: 'lm-studio' });
    const gateway = await startAt(`${backend.url}/api/v0`);
    const { message } = await expectError(await gateway.post(chatPath, chat()), 502, 'upstream_error');
    expect(message).toContain('Unexpected endpoint or method');
    expect(message).toContain(`${backend.url}/api/v0`);
  });

  test('an answer with choices and an error beside them is an answer', async () => {
    const json = { choices: [{ index: 0, message: { role: 'assistant', content: 'x' } }], error: null };
    const backend = await startFakeBackend([{ json }]);
    const gateway = await startAt(backend.url);
    const answer = await gateway.post(chatPath, chat());
    expect([answer.status, await answer.json()]).toEqual([200, json]);
  });

  test.each(['', '<html>hello</html>', '[1]', '"text"', 'null', '{"choices":'])(
    'the body %j is a failure',
    async (text) => {
      const backend = await startFakeBackend([{ text }]);
      const gateway = await startAt(backend.url);
      const { message } = await expectError(await gateway.post(chatPath, chat()), 502, 'upstream_error');
      expect(message).toContain(backend.url);
    },
  );
});

describe('the shapes of error bodies', () => {
  test.each<[string, MockReply]>([
    ['{"error":{"message"}}', { json: { error: { message: 'says the server', type: 't', code: 'c' } } }],
    ['{"error":"text"}', { json: { error: 'says the server' } }],
    ['{"object":"error","message"}', { json: { object: 'error', message: 'says the server' } }],
    ['{"message"}', { json: { message: 'says the server' } }],
    ['{"detail"}', { json: { detail: 'says the server' } }],
    ['plain text', { text: 'says the server' }],
    ['a page', { text: '<html><style>p{}</style><p>says the\nserver</p></html>' }],
  ])('%s: its text reaches the client', async (_shape, body) => {
    const backend = await startFakeBackend({ routes: [] });
    const gateway = await startWith(backend.baseUrl, 'max_retries: 0');
    for (const status of [400, 404, 422, 500, 502]) {
      backend.use({ replies: [{ status, ...body }] });
      const answer = await gateway.post(chatPath, chat());
      expect(answer.status).toBe(status < 500 ? status : 502);
      const { error } = (await answer.json()) as { error: { message: string; type: unknown } };
      expect(error.message).toContain('says the server');
      expect(error.type).toEqual(expect.any(String));
    }
  });
});
