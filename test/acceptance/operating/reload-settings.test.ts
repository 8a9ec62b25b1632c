import { describe, expect, test } from 'vitest';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { startTestGateway, type TestGateway } from '../../harness/test-gateway.ts';
import { admin, adminEnv, adminKey, declaring, listed, put, tryChat } from './rig.ts';

interface ConfigPage {
  readonly settings: readonly { readonly name: string; readonly value: unknown; readonly source: string }[];
  readonly restart_needed: readonly string[];
}

async function configPage(gateway: TestGateway, headers: Record<string, string> = {}): Promise<ConfigPage> {
  return (await (await gateway.get('/admin/config', headers)).json()) as ConfigPage;
}

async function change(gateway: TestGateway, text: string): Promise<boolean> {
  await put(gateway.folder, 'headrace.yaml', text);
  return (await gateway.gateway.reload('a test')).ok;
}

function restartWarnings(gateway: TestGateway): unknown[] {
  const warnings = gateway.log().filter(({ level, msg }) => level === 40 && /need a restart/.test(String(msg)));
  return warnings.map(({ settings }) => settings);
}

describe('settings that need a restart', () => {
  test.each([
    ['listen: {host: 127.0.0.2}\n', 'listen.host', { port: '0' }],
    ['listen: {port: 8765}\n', 'listen.port', { port: undefined }],
    ['workers: 3\n', 'workers', { port: '0' }],
    ['storage: {folder: state}\n', 'storage.folder', { port: '0' }],
  ])('%j is said once, as a warning', async (text, name, { port }) => {
    const first = 'listen: {port: 0}\n';
    const gateway = await startTestGateway({
      files: { 'headrace.yaml': first },
      flags: port === undefined ? { port: undefined as never } : {},
      env: adminEnv,
    });
    expect(await change(gateway, text)).toBe(true);
    expect(await change(gateway, `${text}stream_heartbeat: 3\n`)).toBe(true);
    expect(await change(gateway, `${text}stream_heartbeat: 4\n`)).toBe(true);
    expect(restartWarnings(gateway)).toEqual([[name]]);
    expect((await configPage(gateway, admin)).restart_needed).toEqual([name]);
    expect(await change(gateway, first)).toBe(true);
    expect((await configPage(gateway, admin)).restart_needed).toEqual([]);
    expect(restartWarnings(gateway)).toEqual([[name]]);
  });

  test('no other setting does', async () => {
    const gateway = await startTestGateway({ env: adminEnv });
    expect(await change(gateway, 'shutdown_timeout: 1\nlog_level: warn\nstream_heartbeat: 1\n')).toBe(true);
    expect(restartWarnings(gateway)).toEqual([]);
  });
});

describe('keys that change', () => {
  const keys = (...lines: string[]) => `keys:\n${lines.map((line) => `  - {${line}}\n`).join('')}`;

  test('a new one is let in, one that is gone is not, and a role is what the file says now', async () => {
    const backend = await startFakeBackend();
    const gateway = await startTestGateway({
      files: {
        'headrace.yaml': keys('name: a, key_env_var: A_KEY', 'name: c, key_env_var: C_KEY'),
        'backends/b/backend.yaml': declaring(backend.baseUrl, 'm'),
      },
      env: { ...adminEnv, A_KEY: 'key-of-a-0123', B_KEY: 'key-of-b-0123', C_KEY: 'key-of-c-0123' },
    });
    const of = (name: string) => ({ authorization: `Bearer key-of-${name}-0123` });
    expect(await tryChat(gateway, 'm', of('a'))).toBe('200');
    expect(await tryChat(gateway, 'm', of('b'))).toBe('401 invalid_api_key');
    expect((await gateway.get('/admin/config', of('c'))).status).toBe(403);
    expect(await change(gateway, keys('name: b, key_env_var: B_KEY', 'name: c, key_env_var: C_KEY, role: admin'))).toBe(
      true,
    );
    expect(await tryChat(gateway, 'm', of('a'))).toBe('401 invalid_api_key');
    expect(await tryChat(gateway, 'm', of('b'))).toBe('200');
    expect((await gateway.get('/admin/config', of('c'))).status).toBe(200);
    const line = gateway.log().find(({ msg }) => msg === 'reloaded');
    expect(line).toMatchObject({ keys: { added: ['b'], changed: ['c'], removed: ['a'] } });
  });

  test('on loopback the last one may go', async () => {
    const gateway = await startTestGateway({
      files: { 'headrace.yaml': keys('name: a, key_env_var: A_KEY') },
      env: { A_KEY: 'key-of-a-0123' },
    });
    expect((await gateway.get('/v1/models')).status).toBe(401);
    expect(await change(gateway, '')).toBe(true);
    expect((await gateway.get('/v1/models')).status).toBe(200);
  });

  test.each(['', 'listen: {host: 127.0.0.1}\n'])(
    'beyond loopback it may not, also where the file names another address now (%j)',
    async (text) => {
      const gateway = await startTestGateway({
        files: { 'headrace.yaml': `listen: {host: 0.0.0.0}\n${keys('name: a, key_env_var: A_KEY')}` },
        env: { A_KEY: 'key-of-a-0123' },
      });
      expect(await change(gateway, text)).toBe(false);
      expect((await gateway.get('/v1/models')).status).toBe(401);
      expect(gateway.log().at(-2)?.problems ?? gateway.log().at(-1)?.problems).toMatchObject([
        expect.stringMatching(/^keys: .*0\.0\.0\.0/),
      ]);
    },
  );
});

test('the level of the log is that of the file', async () => {
  const folder = { 'headrace.yaml': 'log_level: info\n' };
  const gateway = await startTestGateway({ files: folder, flags: { logLevel: undefined as never } });
  await gateway.get('/nothing');
  const before = gateway.log().filter(({ msg }) => msg === 'refused').length;
  expect(before).toBe(1);
  expect(await change(gateway, 'log_level: error\n')).toBe(true);
  await gateway.get('/nothing');
  expect(gateway.log().filter(({ msg }) => msg === 'refused')).toHaveLength(before);
});

test('GET /admin/config shows the settings of now with their sources, and no key', async () => {
  const gateway = await startTestGateway({ env: adminEnv, files: { 'headrace.yaml': 'stream_heartbeat: 7\n' } });
  expect(await change(gateway, '# moved\nstream_heartbeat: 8\n')).toBe(true);
  const page = await configPage(gateway, admin);
  expect(page.settings).toContainEqual({
    name: 'stream_heartbeat',
    value: 8,
    source: expect.stringMatching(/headrace\.yaml:2:19$/),
  });
  expect(page.settings).toContainEqual(expect.objectContaining({ name: 'listen.port', source: 'flag --port' }));
  expect(page.settings).toContainEqual({ name: 'workers', value: 1, source: 'default' });
  expect(JSON.stringify(page)).not.toContain(adminKey);
  expect(await listed(gateway, admin)).toEqual(expect.any(Array));
});
