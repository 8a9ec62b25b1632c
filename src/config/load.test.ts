import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { loadFiles, loadGood } from '../../test/goldens/config-folder.ts';
import type { Settings } from './config.ts';

const local = 'backend_type: custom\napi_base_url: http://127.0.0.1:9/v1\nauth_type: none\n';
const mine = { 'config/backends/mine/backend.yaml': local };

function effective(settings: Settings | undefined, name: string) {
  const { value, source } = settings?.effective.find((setting) => setting.name === name) ?? {};
  return { value, source };
}

describe('precedence of settings', () => {
  const file = { 'config/headrace.yaml': 'workers: 1\nlisten:\n  port: 1001\n' };
  test('flag, then HEADRACE_PORT, then PORT, then the file, then the default', async () => {
    const env = { HEADRACE_PORT: '1003', PORT: '1002' };
    const ports = [
      await loadGood(file, env, { port: '1004' }),
      await loadGood(file, env),
      await loadGood(file, { PORT: '1002' }),
      await loadGood(file, { PORT: '', HEADRACE_PORT: ' ' }),
      await loadGood({}),
    ].map((config) => [config.settings.port, effective(config.settings, 'listen.port').source]);
    expect(ports).toEqual([
      [1004, 'flag --port'],
      [1003, 'environment HEADRACE_PORT'],
      [1002, 'environment PORT'],
      [1001, 'config/headrace.yaml:3:9'],
      [8000, 'default'],
    ]);
  });

  test('the defaults', async () => {
    const { settings, keys, providers, connectors } = await loadGood({});
    expect(settings).toMatchObject({
      host: '127.0.0.1',
      port: 8000,
      connectorsFile: undefined,
      defaultBackend: undefined,
      forceContextWindow: undefined,
      logLevel: 'info',
      workers: 1,
      maxRequestBytes: 67108864,
      maxResponseBytes: 67108864,
      shutdownTimeoutMs: 30000,
    });
    expect([keys.length, providers.size, connectors.size]).toEqual([0, 0, 0]);
  });

  test('every other setting from its flag, over its variable', async () => {
    const flags = {
      host: '[::1]',
      defaultBackend: 'mine',
      forceContextWindow: '8000',
      logLevel: 'debug',
      workers: '2',
    };
    const env = { HOST: '127.0.0.2', HEADRACE_WORKERS: '3', HEADRACE_LOG_LEVEL: 'warn' };
    const { settings } = await loadGood(mine, env, flags);
    expect(settings).toMatchObject({
      host: '::1',
      defaultBackend: 'mine',
      forceContextWindow: 8000,
      logLevel: 'debug',
      workers: 2,
    });
  });

  test('a named folder and a named connectors file, each from its own starting point', async () => {
    const toml = '[a]\nbase_url="https://a.example.com/"\napi_key="k"\n[a.b]\ninternal="i"\nexternal="e"\n';
    const files = {
      'etc/headrace.yaml': 'connectors: in-folder.toml\n',
      'etc/in-folder.toml': toml,
      'here.toml': toml,
    };
    const fromFile = await loadGood(files, {}, { configDir: './etc' });
    const fromVariable = await loadGood(files, { EXTERNAL_API_CONNECTORS_FILE: 'here.toml' }, { configDir: './etc' });
    expect([fromFile.settings.connectorsFile, fromVariable.settings.connectorsFile]).toEqual([
      'etc/in-folder.toml',
      'here.toml',
    ]);
    const own = { EXTERNAL_API_CONNECTORS_FILE: 'nowhere.toml', HEADRACE_CONNECTORS: 'here.toml' };
    expect((await loadGood(files, own)).connectors.get('i')?.path).toBe('a.b');
  });
});

describe('keys of the gateway', () => {
  const digest = (key: string) => createHash('sha256').update(key).digest();

  test('the admin key and keys of the file, of which only the digests are kept', async () => {
    const hash = digest('bobs-key').toString('hex').toUpperCase();
    const yaml = `keys:\n  - {name: alice, key_env_var: ALICE, models: [a, b]}\n  - {name: bob, sha256: ${hash}, role: admin}\n`;
    const env = { HEADRACE_ADMIN_KEY: 'the-admin-key-1234\n', ALICE: '"alices-key"' };
    const config = await loadGood({ 'config/headrace.yaml': yaml }, env, { host: '0.0.0.0' });
    expect(config.keys).toMatchObject([
      { name: 'admin', digest: digest('the-admin-key-1234'), role: 'admin', models: undefined, last4: '1234' },
      { name: 'alice', digest: digest('alices-key'), role: 'user', models: ['a', 'b'], last4: '' },
      { name: 'bob', digest: digest('bobs-key'), role: 'admin', models: undefined, last4: '' },
    ]);
    expect(effective(config.settings, 'keys.admin').value).toBe('env HEADRACE_ADMIN_KEY ...1234');
    expect(effective(config.settings, 'keys.alice').value).toBe('env ALICE');
  });

  test.each(['localhost', '127.0.0.1', '127.1.2.3', '::1', '[::1]'])('%s needs no key', async (host) => {
    expect((await loadFiles(mine, {}, { host })).lines).toEqual([]);
  });

  test.each(['0.0.0.0', '::', '192.168.1.5', 'example.com', '127.example.com'])('%s needs a key', async (host) => {
    expect((await loadFiles(mine, {}, { host })).lines).toEqual([
      expect.stringMatching(/^--host: .*HEADRACE_ADMIN_KEY/),
    ]);
    expect((await loadFiles(mine, { HEADRACE_ADMIN_KEY: 'x' }, { host })).lines).toEqual([]);
  });
});

describe('nothing configured', () => {
  test('the demo, and each vendor whose key is there', async () => {
    const env = { GROQ_API_KEY: 'gsk-1', OPENAI_API_KEY: ' "" ', XAI_API_KEY: "'xai-1'\r\n", UNRELATED_API_KEY: 'x' };
    const { backends, settings } = await loadGood({}, env);
    expect([...backends.keys()]).toEqual(['groq', 'xai', 'demo']);
    expect(settings.defaultBackend).toBeUndefined();
    const xai = backends.get('xai');
    expect(xai).toMatchObject({ origin: 'vendor', type: 'xai', baseUrl: 'https://api.x.ai/v1', place: 'XAI_API_KEY' });
    expect(xai?.credential.kind === 'key' && xai.credential.secret?.reveal()).toBe('xai-1');
    const demo = backends.get('demo');
    expect(demo).toMatchObject({ origin: 'demo', baseUrl: 'http://127.0.0.1:0/v1', credential: { kind: 'none' } });
    expect([...(demo?.models.keys() ?? [])]).toEqual(['echo']);
  });

  test('any configuration at all ends that', async () => {
    const env = { GROQ_API_KEY: 'gsk-1' };
    expect([...(await loadGood(mine, env)).backends.keys()]).toEqual(['mine']);
    expect([...(await loadGood({ 'config/backends/broken/notes.txt': '' }, env)).backends.keys()]).toEqual([]);
    expect([...(await loadGood({ 'config/external-api-connectors.toml': '' }, env)).backends.keys()]).toEqual([]);
    expect([...(await loadGood({}, { ...env, OPENAI_BASE_URL: 'http://h' })).backends.keys()]).toEqual(['default']);
    expect([...(await loadGood({ 'config/headrace.yaml': 'workers: 1\n' }, env)).backends.keys()]).toEqual([
      'groq',
      'demo',
    ]);
  });
});

describe('--base-url', () => {
  test.each([
    ['http://h:81', 'http://h:81/v1'],
    ['http://h:81/', 'http://h:81/v1'],
    ['http://h:81/v1', 'http://h:81/v1'],
    ['http://h:81/v1/', 'http://h:81/v1'],
    ['http://h:81/v1/chat/completions', 'http://h:81/v1'],
    ['http://h:81/chat/completions/', 'http://h:81/v1'],
    ['http://h:81/llm/api/v1', 'http://h:81/llm/api/v1'],
    ['http://h:81/second/v7//', 'http://h:81/second/v7'],
    [' http://[::1]:81\n', 'http://[::1]:81/v1'],
  ])('%s means %s', async (typed, meant) => {
    const { backends, settings } = await loadGood({}, {}, { baseUrl: typed });
    expect(backends.get('default')?.baseUrl).toBe(meant);
    expect(settings.defaultBackend).toBe('default');
    expect(effective(settings, 'base_url')).toEqual({ value: meant, source: 'flag --base-url' });
  });

  test('goes with OPENAI_API_KEY and no other, and the flag beats the variable', async () => {
    const env = { OPENAI_BASE_URL: 'http://env', CEREBRAS_API_KEY: 'c', GEMINI_API_KEY: 'g' };
    const bare = (await loadGood({}, env, { baseUrl: 'http://flag' })).backends.get('default');
    expect(bare).toMatchObject({ baseUrl: 'http://flag/v1', place: '--base-url' });
    expect(bare?.credential).toEqual({ kind: 'none', remedy: 'OPENAI_API_KEY' });
    const keyed = await loadGood({}, { ...env, OPENAI_API_KEY: 'no_key' });
    const backend = keyed.backends.get('default');
    expect(backend).toMatchObject({ baseUrl: 'http://env/v1', place: 'OPENAI_BASE_URL', origin: 'base-url' });
    expect(backend?.credential.kind === 'key' && backend.credential.secret?.reveal()).toBe('no_key');
    expect(effective(keyed.settings, 'base_url.key')).toEqual({
      value: 'env OPENAI_API_KEY',
      source: 'environment OPENAI_API_KEY',
    });
  });

  test('another default backend may be asked for', async () => {
    const { settings, backends } = await loadGood(mine, {}, { baseUrl: 'http://h', defaultBackend: 'mine' });
    expect([settings.defaultBackend, [...backends.keys()]]).toEqual(['mine', ['default', 'mine']]);
  });

  test.each([
    ['127.0.0.1', 'http://localhost:8000', true],
    ['127.0.0.1', 'http://[::1]:8000/v1', true],
    ['localhost', 'http://0.0.0.0:8000/v1', true],
    ['0.0.0.0', 'http://127.0.0.7:8000', true],
    ['10.0.0.1', 'http://10.0.0.1:8000', true],
    ['127.0.0.1', 'http://localhost:8001', false],
    ['127.0.0.1', 'http://127.0.0.2:8000', false],
    ['10.0.0.1', 'http://127.0.0.1:8000', false],
  ])('listening on %s, %s is the gateway itself: %s', async (host, baseUrl, own) => {
    const { lines } = await loadFiles({}, { HEADRACE_ADMIN_KEY: 'k' }, { host, baseUrl });
    expect(lines).toEqual(own ? [expect.stringMatching(/^--base-url: .* listens on.*--port/)] : []);
  });
});

test('a folder with a colon in its name is refused, and quoted', async () => {
  const { lines, config } = await loadFiles({ 'config/backends/a:b/backend.yaml': local });
  expect(config).toBeUndefined();
  expect(lines).toEqual([expect.stringContaining('"a:b"')]);
});
