import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadFiles, loadGood } from '../../test/goldens/config-folder.ts';
import type { BackendConfig } from './backend-config.ts';
import { readVendor, vendorNames } from './vendors.ts';

const file = 'config/backends/mine/backend.yaml';
const base = 'backend_type: custom\napi_base_url: https://api.example.com/v1/\napi_key_env_var: MY_KEY\n';

async function backendOf(
  yaml: string,
  env: Record<string, string> = { MY_KEY: 'k' },
  more = {},
): Promise<BackendConfig> {
  const backend = (await loadGood({ [file]: yaml, ...more }, env)).backends.get('mine');
  if (!backend) throw new Error('there is no such backend');
  return backend;
}

function keyOf(backend: BackendConfig): string | undefined {
  return backend.credential.kind === 'key' ? backend.credential.secret?.reveal() : undefined;
}

test('the defaults of a minimal file', async () => {
  const backend = await backendOf(base);
  expect(backend).toMatchObject({
    name: 'mine',
    origin: 'file',
    type: 'custom',
    baseUrl: 'https://api.example.com/v1',
    query: '',
    headers: [],
    defaultModel: undefined,
    timeoutMs: 600_000,
    maxRetries: 2,
    retryDelayMs: 500,
    loadingWaitMs: 30_000,
    place: file,
  });
  expect(backend.credential).toMatchObject({
    header: 'authorization',
    prefix: 'Bearer ',
    source: 'MY_KEY',
    variable: 'MY_KEY',
  });
});

test('a key is opaque: outer white space and one pair of quotes go, nothing else', async () => {
  const keys = ['no_key', ' sk-1\r\n', '"quoted"', "' inner '", '""twice""', '"', '"half', 'EMPTY'];
  const used = [];
  for (const key of keys) used.push(keyOf(await backendOf(base, { MY_KEY: key })));
  expect(used).toEqual(['no_key', 'sk-1', 'quoted', ' inner ', '"twice"', '"', '"half', 'EMPTY']);
});

test('without its key a backend is there, but not configured', async () => {
  for (const key of ['', '  ', '""', "''\n"]) {
    const { config, lines } = await loadFiles({ [file]: base }, { MY_KEY: key });
    expect(lines).toEqual([expect.stringContaining('warning: the environment variable MY_KEY')]);
    expect(config?.backends.get('mine')?.credential).toMatchObject({ kind: 'key', secret: undefined });
  }
});

test('custom authentication, headers as written, a query, times', async () => {
  const yaml = `${base.replace('/v1/', '/v1//?version=2')}auth_type: custom
auth_header: X-API-Key
headers: {X-Organization-ID: "org 123", x-empty: ""}
timeout: 0.0001
retry_delay: 0.25
loading_wait: 0
`;
  const backend = await backendOf(yaml);
  expect(backend).toMatchObject({
    baseUrl: 'https://api.example.com/v1',
    query: '?version=2',
    credential: { header: 'x-api-key', prefix: '' },
    timeoutMs: 1,
    retryDelayMs: 250,
    loadingWaitMs: 0,
  });
  expect(backend.headers).toEqual([
    ['X-Organization-ID', 'org 123'],
    ['x-empty', ''],
  ]);
});

test('models: limits, parameters as JSON text spelt as in the file, tokenizers', async () => {
  const yaml = `${base}models:
  "gpt-4.1":
    limits: {context_window: 1000, requests_per_minute: 5}
    parameters:
      temperature: 1.0
      seed: 12345678901234567890
      hex: 0x1F
      stop: ["a", "\\"b"]
      nested: {on: true, none: null, "": 1e5}
      top_p: \${TOP_P}
      user: \${USER_ID}
    tokenizer: ./tokenizer.json
  plain:
`;
  const env = { MY_KEY: 'k', TOP_P: '0.5', USER_ID: '7' };
  const files = { [file]: yaml, 'config/backends/mine/tokenizer.json': '{}' };
  const { config, folder, lines } = await loadFiles(files, env);
  expect(lines).toEqual([]);
  const models = config?.backends.get('mine')?.models;
  const model = models?.get('gpt-4.1');
  expect(Object.fromEntries(model?.parameters ?? [])).toEqual({
    temperature: '1.0',
    seed: '12345678901234567890',
    hex: '31',
    stop: '["a","\\"b"]',
    nested: '{"on":true,"none":null,"":1e5}',
    top_p: '0.5',
    user: '"7"',
  });
  expect(model?.limits).toEqual({
    contextWindow: 1000,
    maxInputTokens: undefined,
    maxOutputTokens: undefined,
    requestsPerMinute: 5,
    tokensPerMinute: undefined,
  });
  expect(model?.tokenizer).toBe(join(folder, 'config/backends/mine/tokenizer.json'));
  expect(models?.get('plain')?.tokenizer).toBe('o200k_base');
});

test('models and headers may be called as object prototypes', async () => {
  const backend = await backendOf(
    `${base}headers: {__proto__: a}\nmodels: {__proto__: {limits: {context_window: 5}}, constructor: {}}\n`,
  );
  expect([...backend.models.keys()]).toEqual(['__proto__', 'constructor']);
  expect(backend.models.get('__proto__')?.limits.contextWindow).toBe(5);
  expect(backend.headers).toEqual([['__proto__', 'a']]);
});

test('other keys in the environment change nothing for a backend without a key', async () => {
  const env = { OPENAI_API_KEY: 'a', CEREBRAS_API_KEY: 'b', GEMINI_API_KEY: 'c', AZURE_OPENAI_API_KEY: 'd' };
  const yaml = 'backend_type: custom\napi_base_url: http://127.0.0.1:9\nauth_type: none\n';
  const { backends, settings } = await loadGood({ [file]: yaml }, env);
  expect([...backends.keys()]).toEqual(['mine']);
  expect(backends.get('mine')?.credential).toEqual({ kind: 'none', remedy: 'api_key_env_var' });
  expect(settings.defaultBackend).toBeUndefined();
  const keyed = yaml.replace('auth_type: none', 'api_key_env_var: OPENAI_API_KEY');
  expect(keyOf(await backendOf(keyed, env))).toBe('a');
});

test('a vendor fills in URL and key variable, and its key goes to its own origin only', async () => {
  const env = { GROQ_API_KEY: 'gsk-1', MY_KEY: 'mine' };
  const plain = await backendOf('backend_type: groq\n', env);
  expect(plain).toMatchObject({ type: 'groq', baseUrl: 'https://api.groq.com/openai/v1' });
  expect(keyOf(plain)).toBe('gsk-1');
  const samePlace = await backendOf('backend_type: groq\napi_base_url: https://api.groq.com/other/v2\n', env);
  expect([samePlace.baseUrl, keyOf(samePlace)]).toEqual(['https://api.groq.com/other/v2', 'gsk-1']);
  for (const url of [
    'https://api.groq.com.example.com/openai/v1',
    'http://api.groq.com/openai/v1',
    'https://api.groq.com:444',
  ]) {
    const elsewhere = `backend_type: groq\napi_base_url: ${url}\n`;
    expect((await loadFiles({ [file]: elsewhere }, env)).lines).toEqual([expect.stringContaining('GROQ_API_KEY')]);
    expect(keyOf(await backendOf(`${elsewhere}api_key_env_var: MY_KEY\n`, env))).toBe('mine');
    expect((await backendOf(`${elsewhere}auth_type: none\n`, env)).credential.kind).toBe('none');
  }
});

test('a vendor of local servers needs no key unless the file names a variable', async () => {
  expect((await backendOf('backend_type: ollama\n')).credential).toEqual({ kind: 'none', remedy: 'api_key_env_var' });
  expect(keyOf(await backendOf('backend_type: llama-server\napi_key_env_var: MY_KEY\n'))).toBe('k');
  const remote = await backendOf('backend_type: vllm\napi_base_url: https://gpu.example.com/v1\n');
  expect([remote.baseUrl, remote.credential.kind]).toEqual(['https://gpu.example.com/v1', 'none']);
});

test('every vendor of the catalogue is whole', async () => {
  const vendors = await Promise.all(vendorNames().map(readVendor));
  expect(vendors.map((vendor) => vendor.name)).toEqual(vendorNames());
  expect(vendors.length).toBeGreaterThanOrEqual(15);
  for (const vendor of vendors) {
    const local = vendor.api_base_url.startsWith('http://127.0.0.1:');
    expect([vendor.name, vendor.api_key_env_var === undefined]).toEqual([vendor.name, local]);
    expect(local || vendor.api_base_url.startsWith('https://')).toBe(true);
  }
});
