import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { backendYaml, startTestGateway } from '../../harness/test-gateway.ts';
import { chat, chatPath, expectError, sentHeaders, startAt } from './chat.ts';

/** The remote ports of all sockets that this process opens from now on; a port on another host shows as `host:port`. */
function watchConnections(): () => string[] {
  const sockets: Socket[] = [];
  const seen = (message: unknown) => {
    const { socket } = message as { socket: Socket };
    sockets.push(socket);
    socket.once('connect', () => names.set(socket, `${socket.remoteAddress}:${socket.remotePort}`));
  };
  const names = new Map<Socket, string>();
  subscribe('net.client.socket', seen);
  onTestFinished(() => void unsubscribe('net.client.socket', seen));
  return () => sockets.map((socket) => names.get(socket) ?? 'not connected');
}

describe('a server without a key (R3)', () => {
  test('A1 a base URL alone: 200, the path is right, and there is no Authorization', async () => {
    const backend = await startFakeBackend();
    const gateway = await startAt(`${backend.url}/v1`);
    expect((await gateway.post(chatPath, chat())).status).toBe(200);
    expect(backend.posts().map(({ path }) => path)).toEqual(['/v1/chat/completions']);
    expect(sentHeaders(backend.posts()[0], 'authorization')).toEqual([]);
  });

  test('A11 what a client sends as its key reaches the server in none of the three forms', async () => {
    const backend = await startFakeBackend();
    const gateway = await startAt(`${backend.url}/v1`);
    const key = 'sk-a-client-key-0123456789';
    for (const headers of [{ authorization: `Bearer ${key}` }, { authorization: key }, { 'x-api-key': key }]) {
      expect((await gateway.post(chatPath, chat(), headers)).status).toBe(200);
    }
    expect(backend.posts()).toHaveLength(3);
    for (const request of backend.posts()) {
      expect(request.rawHeaders.join('\n') + request.body.toString()).not.toContain(key);
      expect(sentHeaders(request, 'authorization')).toEqual([]);
      expect(sentHeaders(request, 'x-api-key')).toEqual([]);
    }
  });

  test('A13 keys of vendors in the environment change nothing for auth_type none', async () => {
    const backend = await startFakeBackend();
    const env = { OPENAI_API_KEY: 'o-1', CEREBRAS_API_KEY: 'c-2', GEMINI_API_KEY: 'g-3', AZURE_OPENAI_API_KEY: 'a-4' };
    const gateway = await startTestGateway({ files: { 'backends/a/backend.yaml': backendYaml(backend.baseUrl) }, env });
    expect([...gateway.gateway.runtime.config.backends.keys()]).toEqual(['a']);
    expect((await gateway.post(chatPath, chat({ model: 'a:m' }))).status).toBe(200);
    expect(sentHeaders(backend.posts()[0], 'authorization')).toEqual([]);
  });

  test('A13 with api_key_env_var exactly that key is sent', async () => {
    const backend = await startFakeBackend();
    const env = { OPENAI_API_KEY: 'o-1', CEREBRAS_API_KEY: 'c-2', GEMINI_API_KEY: 'g-3' };
    const yaml = backendYaml(backend.baseUrl, 'api_key_env_var: OPENAI_API_KEY');
    const gateway = await startTestGateway({ files: { 'backends/a/backend.yaml': yaml }, env });
    expect((await gateway.post(chatPath, chat({ model: 'a:m' }))).status).toBe(200);
    expect(sentHeaders(backend.posts()[0], 'authorization')).toEqual(['Bearer o-1']);
  });
});

describe('a key is opaque (R1, R2)', () => {
  test('A2 OPENAI_API_KEY=no_key goes to the configured URL, and no other host is asked', async () => {
    const backend = await startFakeBackend();
    const gateway = await startAt(`${backend.url}/v1`, { OPENAI_API_KEY: 'no_key' });
    const connections = watchConnections();
    expect((await gateway.post(chatPath, chat({ model: 'gpt-4o' }))).status).toBe(200);
    expect(sentHeaders(backend.posts()[0], 'authorization')).toEqual(['Bearer no_key']);
    const known = [`127.0.0.1:${backend.port}`, `127.0.0.1:${gateway.gateway.port}`];
    expect(connections().filter((name) => !known.includes(name))).toEqual([]);
    expect(connections()).toContain(known[0]);
  });

  test.each([
    ['none', 'none'],
    ['EMPTY', 'EMPTY'],
    ['ollama', 'ollama'],
    ['lm-studio', 'lm-studio'],
    ['sk-no-key', 'sk-no-key'],
    ['x', 'x'],
    [' spaced \r\n', 'spaced'],
    ['"quoted"', 'quoted'],
    ["'quoted'", 'quoted'],
    ['\t"quoted"\n', 'quoted'],
    ['""doubly""', '"doubly"'],
    ['"half', '"half'],
    ['with space inside', 'with space inside'],
  ])('the key %j is sent as %j', async (value, sent) => {
    const backend = await startFakeBackend();
    const gateway = await startAt(`${backend.url}/v1`, { OPENAI_API_KEY: value });
    expect((await gateway.post(chatPath, chat())).status).toBe(200);
    expect(sentHeaders(backend.posts()[0], 'authorization')).toEqual([`Bearer ${sent}`]);
  });

  test.each(['', '   ', '\r\n', '""', "''", ' "" \n'])('the key %j is no key', async (value) => {
    const backend = await startFakeBackend();
    const gateway = await startAt(`${backend.url}/v1`, { OPENAI_API_KEY: value });
    expect((await gateway.post(chatPath, chat())).status).toBe(200);
    expect(sentHeaders(backend.posts()[0], 'authorization')).toEqual([]);
  });

  test.each(['', '""', undefined])('R3 a bearer variable that is %j: 503 naming it, and no request', async (value) => {
    const backend = await startFakeBackend();
    const yaml = backendYaml(backend.baseUrl, 'api_key_env_var: MY_KEY');
    const env = value === undefined ? {} : { MY_KEY: value };
    const gateway = await startTestGateway({ files: { 'backends/a/backend.yaml': yaml }, env });
    const error = await expectError(await gateway.post(chatPath, chat({ model: 'a:m' })), 503, 'backend_unavailable');
    expect(error.message).toContain('MY_KEY');
    expect(error.message).toContain('backend a');
    expect(backend.requests).toEqual([]);
  });

  test('R4 a backend without a key is not given the key of another', async () => {
    const backend = await startFakeBackend();
    const files = { 'backends/b/backend.yaml': backendYaml(backend.baseUrl, 'api_key_env_var: B_KEY') };
    const flags = { baseUrl: 'http://127.0.0.1:9/v1' };
    const gateway = await startTestGateway({ files, flags, env: { OPENAI_API_KEY: 'pair', B_KEY: 'own' } });
    await gateway.post(chatPath, chat({ model: 'b:m' }));
    expect(sentHeaders(backend.posts()[0], 'authorization')).toEqual(['Bearer own']);
  });
});

describe('two name spaces (R5)', () => {
  test('A5 the configured key is on chats and on the list of models', async () => {
    const backend = await startFakeBackend({ require_key: 'key-of-the-server', models: ['one'] });
    const gateway = await startAt(`${backend.url}/v1`, { OPENAI_API_KEY: 'key-of-the-server' });
    expect((await gateway.post(chatPath, chat())).status).toBe(200);
    const { data } = (await (await gateway.get('/v1/models')).json()) as { data: { id: string }[] };
    expect(data.map(({ id }) => id)).toEqual(['default:one']);
    for (const request of backend.requests) {
      expect(sentHeaders(request, 'authorization')).toEqual(['Bearer key-of-the-server']);
    }
    expect(backend.requests.map(({ method }) => method)).toEqual(['POST', 'GET']);
  });

  test.each([
    ['Bearer', { authorization: 'Bearer gateway-password-1' }],
    ['bare', { authorization: 'gateway-password-1' }],
    ['bearer in small letters', { authorization: 'bearer gateway-password-1' }],
    ['x-api-key', { 'x-api-key': 'gateway-password-1' }],
  ])('A9 the key of the gateway (%s) lets in and never goes upstream', async (_form, headers) => {
    const backend = await startFakeBackend();
    const gateway = await startAt(`${backend.url}/v1`, { HEADRACE_ADMIN_KEY: 'gateway-password-1' });
    expect((await gateway.post(chatPath, chat(), headers)).status).toBe(200);
    expect(JSON.stringify(backend.requests[0]?.rawHeaders)).not.toContain('gateway-password-1');
  });

  test.each([
    ['a wrong one', { authorization: 'Bearer gateway-password-2' }],
    ['a longer one', { authorization: 'Bearer gateway-password-12' }],
    ['none', {}],
    ['an empty one', { authorization: 'Bearer ' }],
  ])('A9 %s: 401 of the gateway, nothing upstream, and /health stays open', async (_what, headers) => {
    const backend = await startFakeBackend();
    const gateway = await startAt(`${backend.url}/v1`, { HEADRACE_ADMIN_KEY: 'gateway-password-1' });
    const answer = await gateway.post(chatPath, chat(), headers as Record<string, string>);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    await expectError(answer, 401, 'invalid_api_key');
    expect((await gateway.get('/v1/models', headers as Record<string, string>)).status).toBe(401);
    for (const path of ['/health', '/health/live', '/health/ready']) {
      expect((await gateway.get(path)).status).toBe(200);
    }
    expect(backend.requests).toEqual([]);
  });

  test('A10 without a key of the gateway the client may send any, and the server sees its own', async () => {
    const backend = await startFakeBackend();
    const gateway = await startAt(`${backend.url}/v1`, { OPENAI_API_KEY: 'K-of-the-server' });
    const headers = { authorization: 'Bearer sk-anything', 'x-api-key': 'sk-anything-else', cookie: 'sk-cookie=1' };
    expect((await gateway.post(chatPath, chat(), headers)).status).toBe(200);
    expect(sentHeaders(backend.posts()[0], 'authorization')).toEqual(['Bearer K-of-the-server']);
    expect(JSON.stringify(backend.posts()[0]?.rawHeaders)).not.toMatch(/sk-(anything|cookie)/);
  });
});

test('R1 no client chooses the host: not by a field, a header, a query or a Host', async () => {
  const backend = await startFakeBackend();
  const elsewhere = await startFakeBackend();
  const gateway = await startAt(`${backend.url}/v1`, { OPENAI_API_KEY: 'key-0123456789' });
  const fields = {
    api_base: elsewhere.url,
    base_url: elsewhere.url,
    api_key: 'k',
    user_config: { url: elsewhere.url },
  };
  const headers = {
    'x-portkey-custom-host': elsewhere.url,
    'x-forwarded-host': `127.0.0.1:${elsewhere.port}`,
    forwarded: `host=127.0.0.1:${elsewhere.port}`,
    'x-headrace-backend': elsewhere.url,
  };
  const answer = await gateway.post(`${chatPath}?base_url=${elsewhere.url}`, chat(fields), headers);
  expect(answer.status).toBe(200);
  expect(backend.posts()[0]?.json).toEqual(chat(fields));
  expect(elsewhere.requests).toEqual([]);
});
