import { describe, expect, test } from 'vitest';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { startTestGateway, type TestGateway } from '../../harness/test-gateway.ts';
import { chat, chatPath, expectError, sentHeaders } from '../local-servers/chat.ts';
import { freePort, GatewayProcess, startProcess } from '../local-servers/gateway-process.ts';
import { connectorsName } from './sample.ts';
import { keyPair, oauthFile, startTokenEndpoint } from './token-endpoint.ts';

const inner = chat({ model: 'inner' });

function startAt(baseUrl: string, tokenUrl: string, more?: string): Promise<TestGateway> {
  return startTestGateway({ files: { [connectorsName]: oauthFile(baseUrl, tokenUrl, more) } });
}

function tokensSent(backend: Awaited<ReturnType<typeof startFakeBackend>>): string[] {
  return backend.posts().flatMap((request) => sentHeaders(request, 'authorization'));
}

/** The connection goes on with the outcome of the grant; nothing of the key or of an assertion may be in it. */
function expectNoKey(text: string): void {
  const lines = keyPair.privateKey.split('\n').filter((line) => line.length > 20);
  for (const line of lines) expect(text).not.toContain(line);
  expect(text).not.toMatch(/eyJ[A-Za-z0-9_-]{20}/);
}

describe('a token instead of a key', () => {
  test('12 the assertion is signed and says what the file says', async () => {
    const endpoint = await startTokenEndpoint();
    const backend = await startFakeBackend();
    const gateway = await startAt(backend.baseUrl, endpoint.url);
    const answer = await gateway.post(chatPath, inner);
    expect(await answer.json()).toMatchObject({ model: 'inner' });
    const [claims] = endpoint.claims as { iat: number; exp: number }[];
    expect(claims).toMatchObject({
      iss: 'gateway@example.com',
      aud: 'https://token.example.com/',
      scope: 'models.read',
    });
    expect(Math.abs((claims?.iat ?? 0) - Date.now() / 1000)).toBeLessThan(60);
    expect((claims?.exp ?? 0) - (claims?.iat ?? 0)).toBeGreaterThan(60);
    expect((claims?.exp ?? 0) - (claims?.iat ?? 0)).toBeLessThanOrEqual(3600);
    expect(tokensSent(backend)).toEqual(['Bearer token-1']);
    expect(backend.posts()[0]?.model).toBe('outer');
  });

  test('12 without a scope there is none in the assertion', async () => {
    const endpoint = await startTokenEndpoint();
    const backend = await startFakeBackend();
    const gateway = await startAt(backend.baseUrl, endpoint.url, '');
    expect((await gateway.post(chatPath, inner)).status).toBe(200);
    expect(endpoint.claims[0]).not.toHaveProperty('scope');
  });

  test('12 ten parallel chats make one grant, and the token is kept', async () => {
    const endpoint = await startTokenEndpoint();
    const backend = await startFakeBackend();
    const gateway = await startAt(backend.baseUrl, endpoint.url);
    const chats = Array.from({ length: 10 }, () => gateway.post(chatPath, inner));
    for (const answer of await Promise.all(chats)) expect(answer.status).toBe(200);
    expect((await gateway.post(chatPath, inner)).status).toBe(200);
    expect(endpoint.claims).toHaveLength(1);
    expect(new Set(tokensSent(backend))).toEqual(new Set(['Bearer token-1']));
  });

  test.each([0, 30, 60])(
    'a token that lives %i s serves those that waited for it, and no other',
    async (expires_in) => {
      const endpoint = await startTokenEndpoint({ expires_in });
      const backend = await startFakeBackend();
      const gateway = await startAt(backend.baseUrl, endpoint.url);
      const chats = Array.from({ length: 5 }, () => gateway.post(chatPath, inner));
      for (const answer of await Promise.all(chats)) expect(answer.status).toBe(200);
      expect(endpoint.claims).toHaveLength(1);
      expect((await gateway.post(chatPath, inner)).status).toBe(200);
      expect(tokensSent(backend).at(-1)).toBe('Bearer token-2');
    },
  );

  test('a token is kept until 60 s before its end', async () => {
    const endpoint = await startTokenEndpoint({ expires_in: 61 });
    const backend = await startFakeBackend();
    const gateway = await startAt(backend.baseUrl, endpoint.url);
    const last = async () => {
      expect((await gateway.post(chatPath, inner)).status).toBe(200);
      return tokensSent(backend).at(-1);
    };
    expect(await last()).toBe('Bearer token-1');
    await expect.poll(last, { timeout: 20_000, interval: 100 }).toBe('Bearer token-2');
  });

  test('the provider says 401: one more grant, and the call once more', async () => {
    const endpoint = await startTokenEndpoint();
    const backend = await startFakeBackend((request) =>
      request.headers.authorization === 'Bearer token-1' ? { status: 401 } : {},
    );
    const gateway = await startAt(backend.baseUrl, endpoint.url);
    expect((await gateway.post(chatPath, inner)).status).toBe(200);
    expect(tokensSent(backend)).toEqual(['Bearer token-1', 'Bearer token-2']);
    const chats = Array.from({ length: 5 }, () => gateway.post(chatPath, { ...inner, stream: true }));
    for (const answer of await Promise.all(chats)) expect(await answer.text()).toContain('[DONE]');
    expect(endpoint.claims).toHaveLength(2);
  });

  test('401 for ten calls at a time: still one more grant', async () => {
    const endpoint = await startTokenEndpoint();
    const backend = await startFakeBackend((request) =>
      request.headers.authorization === 'Bearer token-1' ? { status: 401 } : {},
    );
    const gateway = await startAt(backend.baseUrl, endpoint.url);
    const chats = Array.from({ length: 10 }, () => gateway.post(chatPath, inner));
    for (const answer of await Promise.all(chats)) expect(answer.status).toBe(200);
    expect(endpoint.claims).toHaveLength(2);
    expect(backend.posts()).toHaveLength(20);
  });

  test('always 401: 502 after the one repetition', async () => {
    const endpoint = await startTokenEndpoint();
    const backend = await startFakeBackend([{ status: 401, json: { error: { message: 'token-1 token-2 unwanted' } } }]);
    const gateway = await startAt(backend.baseUrl, endpoint.url);
    const { message } = await expectError(await gateway.post(chatPath, inner), 502, 'upstream_auth_failed');
    expect(message).toContain('external-api-connectors.toml: google.oauth');
    expect(message).not.toMatch(/token-\d/);
    expect(backend.posts()).toHaveLength(2);
    expect(endpoint.claims).toHaveLength(2);
  });

  test('403 is no reason for another token', async () => {
    const endpoint = await startTokenEndpoint();
    const backend = await startFakeBackend([{ status: 403 }]);
    const gateway = await startAt(backend.baseUrl, endpoint.url);
    await expectError(await gateway.post(chatPath, inner), 502, 'upstream_auth_failed');
    expect(backend.posts()).toHaveLength(1);
  });

  test.each([
    ['400', { status: 400, json: { error: 'invalid_grant' } }],
    ['401', { status: 401 }],
    ['200 without a token', { json: { hello: 1 } }],
    ['200 with a token that is no header', { json: { access_token: 'a\r\nx-injected: 1' } }],
    ['200 with a page', { text: '<html>' }],
  ])('the grant is refused with %s: 502 upstream_auth_failed, and no call', async (_what, reply) => {
    const server = await startFakeBackend({ routes: [{ path: '/token', replies: [reply] }] });
    const backend = await startFakeBackend();
    const gateway = await startAt(backend.baseUrl, `${server.url}/token`);
    const { message } = await expectError(await gateway.post(chatPath, inner), 502, 'upstream_auth_failed');
    expect(message).toContain(`127.0.0.1:${server.port}`);
    expectNoKey(message + JSON.stringify(gateway.log()));
    expect(backend.posts()).toEqual([]);
    expect(server.posts()).toHaveLength(1);
  });

  test('token_url does not answer: 502 upstream_unreachable, and no call', async () => {
    const backend = await startFakeBackend();
    const gateway = await startAt(backend.baseUrl, `http://127.0.0.1:${await freePort()}/token`);
    const { message } = await expectError(await gateway.post(chatPath, inner), 502, 'upstream_unreachable');
    expect(message).toContain('/token');
    expectNoKey(message + JSON.stringify(gateway.log()));
    expect(backend.posts()).toEqual([]);
  });

  test('a token in the text of an error is masked', async () => {
    const endpoint = await startTokenEndpoint({ access_token: 'a-granted-token-0123456789', expires_in: 3600 });
    const message = 'what is a-granted-token-0123456789?';
    const backend = await startFakeBackend([{ status: 400, json: { error: { message, type: 't' } } }]);
    const gateway = await startAt(backend.baseUrl, endpoint.url);
    const text = await (await gateway.post(chatPath, inner)).text();
    expect(text).toContain('what is');
    expect(text + JSON.stringify(gateway.log())).not.toContain('a-granted-token');
  });
});

describe('on the command line', () => {
  test('12 credentials are no model, and start says where the token comes from', async () => {
    const endpoint = await startTokenEndpoint();
    const backend = await startFakeBackend({ models: ['a', 'b'] });
    const gateway = await startProcess([], { files: { [connectorsName]: oauthFile(backend.baseUrl, endpoint.url) } });
    await gateway.prints('provider google: ');
    expect(gateway.line('provider google')).toContain('token from external-api-connectors.toml: google.oauth');
    expect(gateway.line('provider google')).toContain('reachable, 2 models');
    expectNoKey(gateway.output);
    expect(backend.posts()).toEqual([]);
  });

  test('R9 a token endpoint that hangs delays the line by less than 5 s', async () => {
    const hanging = await startFakeBackend({ routes: [{ path: '/token', replies: [{ hang: true }] }] });
    const backend = await startFakeBackend();
    const text = oauthFile(backend.baseUrl, `${hanging.url}/token`);
    const gateway = await startProcess([], { files: { [connectorsName]: text } });
    await gateway.listening();
    const since = performance.now();
    await gateway.prints('provider google: ');
    expect(performance.now() - since).toBeLessThan(5000);
    expect(gateway.line('provider google')).toContain('unreachable (no answer in 2 s)');
  });

  test('R9 a token endpoint that is down or fails is said', async () => {
    const failing = await startFakeBackend({ routes: [{ path: '/token', replies: [{ status: 500 }] }] });
    const backend = await startFakeBackend();
    const down = oauthFile(backend.baseUrl, `http://127.0.0.1:${await freePort()}/token`);
    const other = oauthFile(backend.baseUrl, `${failing.url}/token`)
      .replaceAll('google', 'other')
      .replace('inner', 'i2');
    const gateway = await startProcess([], { files: { [connectorsName]: down + other } });
    for (const name of ['google', 'other']) await gateway.prints(`provider ${name}: `);
    expect(gateway.line('provider google')).toContain('unreachable (connection refused)');
    expect(gateway.line('provider other')).toContain('unreachable (no token)');
  });

  test.each([
    ['both', 'api_key = "k-0123456789"\n', 'only one of'],
    ['a key that is no RSA key', '', 'RSA private key'],
  ])('12 %s: exit 1, with nothing of the key', async (what, more, said) => {
    const file = oauthFile(`http://127.0.0.1:9/v1`, 'http://127.0.0.1:9/token');
    const text = what === 'both' ? file.replace('[google.oauth]', `${more}[google.oauth]`) : file.replace('MII', 'XXX');
    const run = await GatewayProcess.run({ arguments: ['check'], files: { [connectorsName]: text } });
    expect(await run.ended).toBe(1);
    expect(run.stderr).toContain(said);
    expectNoKey(run.output);
    expect(run.output).not.toContain('k-0123456789');
  });
});
