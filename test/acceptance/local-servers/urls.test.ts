import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { formatProblem } from '../../../src/config/problem.ts';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { backendYaml, startTestGateway, writeConfig } from '../../harness/test-gateway.ts';
import { chat, chatPath, expectError, startAt } from './chat.ts';
import { freePort } from './gateway-process.ts';

async function problemsOf(baseUrl: string, env: Record<string, string> = {}): Promise<string> {
  const cwd = await writeConfig({});
  const { problems, config } = await loadConfig({ flags: { baseUrl, port: '8000' }, env, cwd });
  expect(config).toBeUndefined();
  return problems.map(formatProblem).join('\n');
}

describe('the forms of a URL (R7)', () => {
  test.each([
    ['', '/v1/chat/completions'],
    ['/', '/v1/chat/completions'],
    ['/v1', '/v1/chat/completions'],
    ['/v1/', '/v1/chat/completions'],
    ['/v1//', '/v1/chat/completions'],
    ['/v1/chat/completions', '/v1/chat/completions'],
    ['/v1/chat/completions/', '/v1/chat/completions'],
    ['/chat/completions', '/v1/chat/completions'],
    ['/llm/api/v1', '/llm/api/v1/chat/completions'],
    ['/second/v7/', '/second/v7/chat/completions'],
    ['/v1/?a=b', '/v1/chat/completions?a=b'],
  ])('A14 a base URL that ends in %j reaches %s', async (ending, path) => {
    const backend = await startFakeBackend({ routes: [{ path: path.replace(/\?.*/, ''), replies: [{ json: {} }] }] });
    for (const [flags, env] of [
      [{ baseUrl: backend.url + ending }, {}],
      [{}, { OPENAI_BASE_URL: ` ${backend.url}${ending}\n` }],
    ] as const) {
      const gateway = await startTestGateway({ flags, env });
      expect((await gateway.post(chatPath, chat())).status).toBe(200);
    }
    expect(backend.posts().map((request) => request.path + request.query)).toEqual([path, path]);
  });

  test('the list of models has the same mount as the chat', async () => {
    const backend = await startFakeBackend({ mount: '/llm/api/v1', models: ['x'] });
    const gateway = await startAt(`${backend.url}/llm/api/v1/chat/completions`);
    expect(await (await gateway.get('/v1/models')).text()).toContain('default:x');
  });

  test('api_base_url of a backend.yaml is taken as written', async () => {
    const backend = await startFakeBackend({ mount: '' });
    const gateway = await startTestGateway({ files: { 'backends/a/backend.yaml': backendYaml(backend.url) } });
    expect((await gateway.post(chatPath, chat({ model: 'a:m' }))).status).toBe(200);
    expect(backend.posts()[0]?.path).toBe('/chat/completions');
  });

  test.each([
    ['localhost:8080', 'http://localhost:8080'],
    ['127.0.0.1:8080/v1', 'http://127.0.0.1:8080'],
    ['ftp://127.0.0.1/v1', 'http:// or https://'],
    ['ws://127.0.0.1/v1', 'http:// or https://'],
    ['example', 'http:// or https://'],
    ['http://user:pa55word@127.0.0.1/v1', 'OPENAI_API_KEY'],
    ['http://pa55word@127.0.0.1/v1', 'OPENAI_API_KEY'],
    ['http://127.0.0.1/v1#pa55word', 'fragment'],
    ['http://127.0.0.1:99999/v1', 'not a valid URL'],
    ['http:///v1', 'has no host'],
  ])('%s is an error that says what to write', async (url, text) => {
    const lines = await problemsOf(url);
    expect(lines).toContain(text);
    expect(lines).toContain('--base-url');
    expect(lines).not.toContain('pa55word');
  });

  test.each(['http://127.0.0.1:8000', 'http://localhost:8000/v1', 'http://[::1]:8000', 'http://0.0.0.0:8000/v1'])(
    "%s is the gateway's own address: an error that says --port",
    async (url) => {
      expect(await problemsOf(url)).toContain('--port');
    },
  );

  test('R6 --base-url beats OPENAI_BASE_URL', async () => {
    const backend = await startFakeBackend();
    const other = await startFakeBackend();
    const gateway = await startAt(backend.url, { OPENAI_BASE_URL: other.url });
    expect((await gateway.post(chatPath, chat())).status).toBe(200);
    expect([backend.posts().length, other.requests.length]).toEqual([1, 0]);
  });
});

describe('redirects (R1)', () => {
  test.each([301, 302, 303, 307, 308])('a %i is not followed: 502 that says where it pointed', async (status) => {
    const elsewhere = await startFakeBackend();
    const redirect = `${elsewhere.url}/v1/chat/completions`;
    const backend = await startFakeBackend([{ status, redirect }]);
    const gateway = await startAt(backend.url, { OPENAI_API_KEY: 'key-0123456789' });
    for (const stream of [false, true]) {
      const answer = await gateway.post(chatPath, chat({ stream }));
      const { message } = await expectError(answer, 502, 'upstream_error');
      expect(message).toContain('default');
      expect(message).toContain(redirect);
    }
    expect(elsewhere.requests).toEqual([]);
  });
});

describe('localhost (R8)', () => {
  test.each(['127.0.0.1', '::1'])('reaches a server that listens on %s only', async (host) => {
    const backend = await startFakeBackend({ host });
    const gateway = await startAt(`http://localhost:${backend.port}`);
    expect((await gateway.post(chatPath, chat())).status).toBe(200);
    expect(await (await gateway.get('/v1/models')).text()).toContain('default:');
    expect(backend.posts()).toHaveLength(1);
  });

  test('[::1] works in a URL', async () => {
    const backend = await startFakeBackend({ host: '::1' });
    const gateway = await startAt(`http://[::1]:${backend.port}/v1`);
    expect((await gateway.post(chatPath, chat())).status).toBe(200);
  });

  test('where neither address accepts: 502 upstream_unreachable, connection refused', async () => {
    const port = await freePort();
    const gateway = await startAt(`http://localhost:${port}/v1`);
    const answer = await gateway.post(chatPath, chat());
    const { message } = await expectError(answer, 502, 'upstream_unreachable');
    expect(message).toContain(`http://localhost:${port}/v1`);
    expect(message).toContain('connection refused');
  });
});
