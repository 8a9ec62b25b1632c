import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type MockScript, startFakeBackend } from '../../test/fake-backend/fake-backend.ts';
import { backendYaml, writeConfig } from '../../test/harness/test-gateway.ts';
import type { BackendConfig } from '../config/backend-config.ts';
import type { Config } from '../config/config.ts';
import type { Flags } from '../config/flags.ts';
import { loadConfig } from '../config/load.ts';
import { type Diagnosis, diagnose, modelToAsk } from './diagnose.ts';
import { createBackend } from './registry.ts';

async function load(files: Record<string, string>, env: Record<string, string> = {}, flags: Flags = {}) {
  const folder = await writeConfig(files);
  const { config, problems } = await loadConfig({ flags: { configDir: folder, ...flags }, env, cwd: folder });
  if (config === undefined) throw new Error(JSON.stringify(problems));
  return config;
}

/** Diagnoses the first backend, else the first provider. */
async function ask(config: Config, timeoutMs?: number): Promise<Diagnosis> {
  const backend = [...config.backends.values(), ...config.providers.values()][0] as BackendConfig;
  const options = { maximumBytes: 1_000_000, env: {}, userAgent: 'test' };
  return diagnose(backend, {
    model: modelToAsk(backend, config),
    open: (changed) => createBackend(changed, options),
    ...(timeoutMs !== undefined && { timeoutMs }),
  });
}

function words(diagnosis: Diagnosis): string {
  if (diagnosis.ok) throw new Error(`it answered: ${diagnosis.model}`);
  return `${diagnosis.problem}; ${diagnosis.advice}`;
}

const atUrl = (url: string, more?: string) => load({ 'backends/b/backend.yaml': backendYaml(url, more) });

describe('one chat with the key', () => {
  test.each(['llama-server', 'lm-studio', 'vllm', 'ollama', 'openai'] as const)('%s answers', async (profile) => {
    const server = await startFakeBackend({ profile, models: ['its-own'], require_key: 'key-123456789' });
    const more = 'api_key_env_var: K';
    const config = await load({ 'backends/b/backend.yaml': backendYaml(server.baseUrl, more) }, { K: 'key-123456789' });
    const found = await ask(config);
    expect(found).toMatchObject({ ok: true, model: 'its-own' });
    expect(server.posts()).toHaveLength(1);
    expect(server.posts()[0]?.json).toMatchObject({ model: 'its-own', max_tokens: 1 });
    expect(server.posts()[0]?.json.stream).toBeUndefined();
    expect(server.posts()[0]?.headers.authorization).toBe('Bearer key-123456789');
  });

  test('asks for the default model, else the first that is declared, without a list', async () => {
    const server = await startFakeBackend();
    await ask(
      await atUrl(server.baseUrl, 'auth_type: none\ndefault_model: chosen\nmodels:\n  first: {}\n  chosen: {}'),
    );
    await ask(await atUrl(server.baseUrl, 'auth_type: none\nmodels:\n  first: {}\n  second: {}'));
    expect(server.posts().map((post) => post.model)).toEqual(['chosen', 'first']);
    expect(server.requests).toHaveLength(2);
  });

  test('asks a provider for the external name of its first active connector', async () => {
    const server = await startFakeBackend();
    const toml = `[p]\nbase_url = "${server.baseUrl}"\napi_key = "key-123456789"\n
      [p.held]\ninternal = "held"\nexternal = "held-outside"\n[p.free]\ninternal = "free"\nexternal = "outside"\n`;
    const holder = backendYaml('http://127.0.0.1:9/v1', 'auth_type: none\nmodels:\n  held: {}');
    const config = await load({ 'external-api-connectors.toml': toml, 'backends/z/backend.yaml': holder });
    expect(await ask({ ...config, backends: new Map() })).toMatchObject({ ok: true, model: 'outside' });
    expect(server.posts()[0]?.headers.authorization).toBe('Bearer key-123456789');
  });

  test('sends max_completion_tokens where the model refuses max_tokens', async () => {
    const refusal = { error: { message: "'max_tokens' is not supported; use 'max_completion_tokens'.", code: 'x' } };
    const server = await startFakeBackend([{ status: 400, json: refusal }, {}]);
    expect(await ask(await atUrl(server.baseUrl, 'auth_type: none\ndefault_model: o'))).toMatchObject({ ok: true });
    expect(server.posts()[1]?.json).toMatchObject({ max_completion_tokens: 1 });
    expect(server.posts()[1]?.json.max_tokens).toBeUndefined();
  });

  test('a server without a list of models is asked all the same', async () => {
    const routes = [{ path: 'models', replies: [{ status: 404, text: 'nothing here' }] }];
    const server = await startFakeBackend({ routes });
    expect(await ask(await atUrl(server.baseUrl))).toMatchObject({ ok: true, model: 'default' });
  });
});

describe('the path of the URL', () => {
  const cases: readonly [NonNullable<MockScript['profile']>, string, string][] = [
    ['vllm', '', '/v1'],
    ['lm-studio', '', '/v1'],
    ['lm-studio', '/v1/v1', '/v1'],
    ['ollama', '/api', '/v1'],
    ['openai', '/v2', '/v1'],
    ['llama-server', '/wrong', '/v1'],
  ];
  test.each(cases)('%s at "%s" answers at %s', async (profile, written, right) => {
    const server = await startFakeBackend({ profile, models: ['m'] });
    for (const model of ['', '\ndefault_model: m']) {
      const text = words(await ask(await atUrl(server.url + written, `auth_type: none${model}`)));
      expect(text).toContain('path is wrong: ');
      expect(text).toContain(`write api_base_url: ${server.url}${right} in `);
      expect(text).toContain('backends/b/backend.yaml, which answers');
    }
  });

  test('the root of the origin is found, and a page of HTML is no answer', async () => {
    const page = { headers: { 'content-type': 'text/html' }, text: '<html><body>Welcome</body></html>' };
    const routes = ['/v1/models', '/v1/chat/completions'].map((path) => ({ path, replies: [page] }));
    const server = await startFakeBackend({ mount: '', routes });
    const text = words(await ask(await atUrl(`${server.url}/v1`)));
    expect(text).toContain(`write api_base_url: ${server.url} in `);
    // A URL without a path, typed by hand, gets /v1, so only a file can say it.
    const typed = await load({}, {}, { baseUrl: server.url });
    expect(words(await ask(typed))).toContain(`write api_base_url: ${server.url} in a backend.yaml`);
  });

  test('a URL typed by hand is corrected where it was typed', async () => {
    const server = await startFakeBackend();
    const config = await load({}, {}, { baseUrl: `${server.url}/wrong` });
    expect(words(await ask(config))).toContain(`write --base-url ${server.url}/v1, which answers`);
  });

  test("a provider's URL is corrected in its file, and no key is shown", async () => {
    const server = await startFakeBackend({ require_key: 'key-123456789' });
    const toml = `[p]\nbase_url = "${server.url}/api"\napi_key = "key-123456789"\n[p.c]\ninternal = "i"\nexternal = "e"\n`;
    const text = words(await ask(await load({ 'external-api-connectors.toml': toml })));
    expect(text).toContain(`write base_url = "${server.url}/v1" for p in `);
    expect(text).not.toContain('6789');
  });

  test('where the right path refuses the key, both are said', async () => {
    const server = await startFakeBackend({ profile: 'vllm', require_key: 'key-123456789' });
    const text = words(await ask(await atUrl(server.url, 'auth_type: none\ndefault_model: m')));
    expect(text).toContain(`${server.url}/v1`);
    expect(text).toMatch(/answered 401: no key was sent/);
  });

  test('where no path answers, both that were tried are named', async () => {
    const server = await startFakeBackend({ mount: '/deep/v9' });
    const text = words(await ask(await atUrl(`${server.url}/wrong`)));
    expect(text).toContain(`answered 404`);
    expect(text).toContain(`no chat is answered at ${server.url}/v1 and ${server.url} either`);
  });

  test('a 200 with an object that is no chat is no answer', async () => {
    const server = await startFakeBackend([{ json: { hello: 'world' } }]);
    expect(words(await ask(await atUrl(server.baseUrl)))).toContain('it has no "choices"');
  });
});

describe('what is wrong and what to do', () => {
  const key = 'sk-secret-canary-7777';

  test('an unset variable is said without any request', async () => {
    const server = await startFakeBackend();
    const text = words(await ask(await atUrl(server.baseUrl, 'api_key_env_var: MISSING_ONE')));
    expect(text).toBe('not asked, as its key is missing: MISSING_ONE is not set; set MISSING_ONE');
    expect(server.requests).toHaveLength(0);
  });

  test('a refused key: at most its last four characters are shown', async () => {
    const server = await startFakeBackend({ profile: 'llama-server', require_key: 'another-one' });
    const yaml = backendYaml(server.baseUrl, 'api_key_env_var: K');
    const text = words(await ask(await load({ 'backends/b/backend.yaml': yaml }, { K: key })));
    expect(text).toContain('answered 401: the key came from K and ends in ...7777; correct the key in K');
    expect(text).not.toContain('canary');
  });

  test('a key that the backend repeats is masked', async () => {
    const server = await startFakeBackend([{ status: 400, json: { error: { message: `bad ${key}` } } }]);
    const yaml = backendYaml(server.baseUrl, 'api_key_env_var: K');
    const text = words(await ask(await load({ 'backends/b/backend.yaml': yaml }, { K: key })));
    expect(text).toContain('answered 400: bad [secret]');
  });

  test('a key that is needed and not configured', async () => {
    const server = await startFakeBackend({ profile: 'llama-server', require_key: 'k' });
    const text = words(await ask(await load({}, {}, { baseUrl: server.url })));
    expect(text).toContain(
      `127.0.0.1:${server.port}/v1 answered 401: no key was sent; OPENAI_API_KEY would supply one`,
    );
    expect(text).toContain('set OPENAI_API_KEY to a key that it takes');
    expect(server.posts()).toHaveLength(1);
  });

  test('a model that is not there', async () => {
    const server = await startFakeBackend({ profile: 'ollama' });
    const text = words(await ask(await atUrl(server.baseUrl, 'auth_type: none\ndefault_model: absent')));
    expect(text).toContain('answered 404: model "absent" not found, try pulling it first');
    expect(text).toContain('default_model');
    expect(server.requests).toHaveLength(1);
  });

  test('a server that lists nothing', async () => {
    const server = await startFakeBackend({ routes: [{ path: 'models', replies: [{ json: { data: [] } }] }] });
    expect(words(await ask(await atUrl(server.baseUrl)))).toContain('it lists no model that could be asked; load');
  });

  const cases: readonly [MockScript, RegExp][] = [
    [{ replies: [{ loading_model: true }] }, /Loading model; wait until its model is loaded/],
    [{ replies: [{ status: 429 }] }, /is over its rate limit: .*URL and key are right/],
    [{ replies: [{ status: 500, json: { error: 'broken inside' } }] }, /answered 500: broken inside; see the log/],
    [{ replies: [{ reset: true }] }, /is unreachable: the connection was cut.*correct the URL in/],
    [{ replies: [{ hang: true }] }, /gave no answer in 0\.3 s; it may still be loading/],
  ];
  test.each(cases)('%j', async (script, expected) => {
    const server = await startFakeBackend(script);
    expect(words(await ask(await atUrl(server.baseUrl), 300))).toMatch(expected);
    expect(server.posts()).toHaveLength(1);
  });

  test('a token that cannot be had', async () => {
    const server = await startFakeBackend();
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
    const oauth = `private_key = """${pem}"""\ntoken_url = "http://127.0.0.1:9/token"\nissuer = "i"\naudience = "a"`;
    const toml = `[p]\nbase_url = "${server.baseUrl}"\n[p.oauth]\n${oauth}\n[p.c]\ninternal = "i"\nexternal = "e"\n`;
    const text = words(await ask(await load({ 'external-api-connectors.toml': toml })));
    expect(text).toMatch(
      /token endpoint http:\/\/127\.0\.0\.1:9\/token .*connection refused; check token_url at .*p\.oauth/,
    );
    expect(server.requests).toHaveLength(0);
  });

  test('nothing listens', async () => {
    const server = await startFakeBackend();
    const { baseUrl } = server;
    await server.close();
    const text = words(await ask(await atUrl(baseUrl)));
    expect(text).toContain(`${baseUrl} is unreachable: connection refused`);
    expect(text).toMatch(/start the server, or correct the URL in .*backends\/b\/backend\.yaml$/);
  });
});
