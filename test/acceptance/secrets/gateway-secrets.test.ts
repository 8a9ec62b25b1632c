import { describe, expect, test } from 'vitest';
import {
  type MockReply,
  type MockServer,
  type RecordedRequest,
  startFakeBackend,
} from '../../fake-backend/fake-backend.ts';
import { backendYaml, startTestGateway, type TestGateway } from '../../harness/test-gateway.ts';
import { freePort } from '../local-servers/gateway-process.ts';
import { canaries, canaryKey, expectNoCanary } from './canaries.ts';

interface Rig {
  readonly backend: MockServer;
  readonly tokens: MockServer;
  readonly gateway: TestGateway;
}

async function startRig(): Promise<Rig> {
  const backend = await startFakeBackend();
  const grant = { json: { access_token: canaries.token, expires_in: 3600 } };
  const tokens = await startFakeBackend({ routes: [{ path: '/token', replies: [grant] }] });
  const url = backend.baseUrl;
  const small = 'models:\n  small: {limits: {max_input_tokens: 5}}';
  const files = {
    'backends/keyed/backend.yaml': backendYaml(url, `api_key_env_var: BACKEND_KEY\nmax_retries: 0\n${small}`),
    'backends/own/backend.yaml': backendYaml(
      url,
      'auth_type: custom\nauth_header: X-Own\napi_key_env_var: CUSTOM_KEY\nmax_retries: 0',
    ),
    'backends/short/backend.yaml': backendYaml(url, 'api_key_env_var: SHORT_KEY\nmax_retries: 0'),
    'backends/dead/backend.yaml': backendYaml(
      `http://127.0.0.1:${await freePort()}/v1`,
      'api_key_env_var: BACKEND_KEY\nmax_retries: 0',
    ),
    'external-api-connectors.toml': `[p]\nbase_url = "${url}"\napi_key = "${canaries.provider}"\n[p.c]\ninternal = "connected"\nexternal = "x"
[o]\nbase_url = "${url}"\n[o.oauth]\nprivate_key = """${canaryKey}"""\ntoken_url = "${tokens.url}/token"\nissuer = "i"\naudience = "a"\n[o.c]\ninternal = "granted"\nexternal = "y"\n`,
    'headrace.yaml': 'keys:\n  - {name: someone, key_env_var: USER_KEY}\n',
  };
  const env = {
    BACKEND_KEY: canaries.backend,
    CUSTOM_KEY: canaries.custom,
    SHORT_KEY: canaries.short,
    USER_KEY: canaries.user,
    HEADRACE_ADMIN_KEY: canaries.admin,
  };
  return { backend, tokens, gateway: await startTestGateway({ files, env, flags: { logLevel: 'trace' } }) };
}

const models = ['keyed:m', 'own:m', 'short:m', 'connected', 'granted'];
const everyKey = [canaries.backend, canaries.custom, canaries.short, canaries.provider, canaries.token].join(' | ');

function chat(model: string, more: Record<string, unknown> = {}) {
  return { model, messages: [{ role: 'user', content: canaries.prompt }], ...more };
}

const user = { authorization: `Bearer ${canaries.user}` };

/** What is said of itself to operators. */
async function expectSilence({ gateway }: Rig): Promise<void> {
  expectNoCanary('the log', JSON.stringify(gateway.log()));
  const metrics = await gateway.get('/metrics', { 'x-api-key': canaries.admin });
  expect(metrics.status).toBe(200);
  expectNoCanary('the metrics', await metrics.text());
}

async function expectQuietAnswer({ gateway }: Rig, body: object): Promise<void> {
  const answer = await gateway.post('/v1/chat/completions', body, user);
  expectNoCanary(JSON.stringify(body).slice(0, 50), JSON.stringify([...answer.headers]) + (await answer.text()));
}

describe('secrets of a running gateway, logged at the level trace', () => {
  test('in calls that go well', async () => {
    const rig = await startRig();
    rig.backend.use({ replies: [{ content: canaries.answer }] });
    for (const model of models) {
      for (const stream of [false, true]) {
        const answer = await rig.gateway.post('/v1/chat/completions', chat(model, { stream }), user);
        expect(answer.status).toBe(200);
        expectNoCanary('the headers', JSON.stringify([...answer.headers]));
        expect(await answer.text()).toContain('canary-answer');
      }
    }
    expect(JSON.stringify(rig.backend.posts().map(({ rawHeaders }) => rawHeaders))).toContain(canaries.token);
    for (const path of ['/v1/models', '/v1/models/connected', '/health', '/health/ready']) {
      expectNoCanary(path, await (await rig.gateway.get(path, user)).text());
    }
    await expectSilence(rig);
  });

  test.each<[string, MockReply]>([
    ['401', { status: 401, json: { error: { message: `not ${everyKey}` } } }],
    ['403', { status: 403, text: `not ${everyKey}` }],
    ['404', { status: 404, json: { detail: [{ loc: [], msg: 'x' }] } }],
    ['500', { status: 500 }],
    ['200 with an error', { json: { error: 'broken' } }],
    ['no JSON', { text: '<html>' }],
    ['a redirect', { redirect: 'http://127.0.0.1:9/v1' }],
    ['a cut', { reset: true }],
    ['nonsense', { raw: 'nonsense\r\n\r\n' }],
    ['a cut stream', { cut_after_chunks: 1, content: 'x y z' }],
  ])('in calls that fail by %s', async (_what, reply) => {
    const rig = await startRig();
    rig.backend.use({ replies: [reply] });
    const bodies = models.flatMap((model) => [chat(model), chat(model, { stream: true })]);
    await Promise.all(bodies.map((body) => expectQuietAnswer(rig, body)));
    await expectSilence(rig);
  });

  test.each<[string, (secret: string) => MockReply]>([
    ['a message', (secret) => ({ status: 400, json: { error: { message: `what is ${secret}?` } } })],
    [
      'a field',
      (secret) => ({ status: 422, json: { error: { message: 'x', header: { auth: [`Bearer ${secret}`] } } } }),
    ],
    ['a name', (secret) => ({ status: 422, json: { error: { message: 'x', [secret]: 1 } } })],
    ['a text', (secret) => ({ status: 500, text: `headers: ${secret}` })],
    ['an error with 200', (secret) => ({ json: { error: `no ${secret}` } })],
    ['a first event', (secret) => ({ events: [{ error: { message: secret } }] })],
    ['a redirect', (secret) => ({ redirect: `http://127.0.0.1:9/?key=${secret}` })],
  ])("a key that stands in %s of the backend's answer", async (_where, reply) => {
    const rig = await startRig();
    const keys = [canaries.backend, canaries.custom, canaries.short, canaries.provider, canaries.token];
    const seen = new Set<string>();
    const replies = ({ rawHeaders }: RecordedRequest) => {
      const key = keys.find((one) => rawHeaders.some((header) => header.endsWith(one))) ?? 'none';
      seen.add(key);
      return reply(key);
    };
    rig.backend.use({ replies });
    await Promise.all(models.map((model) => expectQuietAnswer(rig, { model, messages: [] })));
    expect(seen).toEqual(new Set(keys));
    await expectSilence(rig);
  });

  test('in calls that the gateway refuses', async () => {
    const rig = await startRig();
    const path = '/v1/chat/completions';
    const long = chat('keyed:small', { messages: [{ role: 'user', content: `${canaries.prompt} `.repeat(50) }] });
    const answers = [
      rig.gateway.post(path, long, user),
      rig.gateway.post(path, `{"model":"keyed:m","messages":["${canaries.prompt}`, user),
      rig.gateway.post(path, `{"messages":"${canaries.prompt}"}`, user),
      rig.gateway.post(path, chat('keyed:m', { stream: canaries.prompt }), user),
      rig.gateway.post(path, chat('nowhere'), user),
      rig.gateway.post(path, chat('dead:m'), user),
      rig.gateway.post(`${path}?api_key=${canaries.wrong}`, chat('keyed:m'), {}),
      rig.gateway.post(path, chat('keyed:m'), { authorization: `Bearer ${canaries.wrong}` }),
      rig.gateway.post(path, chat('keyed:m'), { authorization: canaries.wrong, 'x-api-key': canaries.user }),
      rig.gateway.get('/metrics', user),
      rig.gateway.get(`/v1/nope?key=${canaries.wrong}`, user),
      rig.gateway.post('/v1/models', chat('x'), user),
    ];
    for (const answer of await Promise.all(answers)) {
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expectNoCanary('an answer', JSON.stringify([...answer.headers]) + (await answer.text()));
    }
    await expectSilence(rig);
  });

  test('where the grant of a token fails, also with the assertion in the answer', async () => {
    for (const status of [400, 401, 500]) {
      const rig = await startRig();
      const replies = (request: { body: Buffer }): MockReply => ({ status, text: `${request.body} ${canaries.token}` });
      rig.tokens.use({ routes: [{ path: '/token', replies }] });
      const answer = await rig.gateway.post('/v1/chat/completions', chat('granted'), user);
      const text = await answer.text();
      expect(answer.status).toBe(502);
      expect(text + JSON.stringify(rig.gateway.log())).not.toContain('eyJ');
      expectNoCanary('the answer', text);
      await expectSilence(rig);
    }
  });

  test('a prompt that a backend quotes in its error is not logged', async () => {
    const rig = await startRig();
    rig.backend.use({ replies: [{ status: 400, json: { error: { message: `I do not like "${canaries.prompt}"` } } }] });
    await (await rig.gateway.post('/v1/chat/completions', chat('keyed:m'), user)).text();
    await expectSilence(rig);
  });
});
