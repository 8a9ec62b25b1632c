import { rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Config } from '../../../src/config/config.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { startGateway } from '../../../src/gateway.ts';
import { openLog } from '../../../src/telemetry/log.ts';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { startTestGateway, type TestGateway, writeConfig } from '../../harness/test-gateway.ts';
import { connectorsFile, connectorsPage, declaring, inEffect, listed, metric, put, tryChat } from './rig.ts';

const connectorsName = 'external-api-connectors.toml';
const backendFile = 'backends/b/backend.yaml';

async function start() {
  const backend = await startFakeBackend();
  const files = {
    'headrace.yaml': 'stream_heartbeat: 10\n',
    [backendFile]: declaring(backend.baseUrl, 'm'),
    [connectorsName]: connectorsFile(backend.baseUrl, { con: 'x' }, 'key-of-the-provider-01'),
  };
  return { backend, files, gateway: await startTestGateway({ files }) };
}

async function isOk(gateway: TestGateway): Promise<boolean> {
  return (await connectorsPage(gateway)).last_reload.ok;
}

/** What holds after a bad change: everything is served as before, and it is said everywhere. */
async function expectOld(gateway: TestGateway, problem: RegExp): Promise<void> {
  await inEffect(async () => !(await isOk(gateway)));
  expect(await listed(gateway)).toEqual(['b:m', 'con']);
  for (const model of ['m', 'con']) expect(await tryChat(gateway, model)).toBe('200');
  const ready = await gateway.get('/health/ready');
  expect(ready.status).toBe(200);
  expect(await ready.json()).toMatchObject({ last_reload: { ok: false, at: expect.any(String) } });
  expect(await metric(gateway, 'headrace_config_last_reload_successful')).toBe(0);
  const { problems } = (await connectorsPage(gateway)).last_reload;
  expect(problems.join('\n')).toMatch(problem);
  const logged = gateway.log().filter(({ level, problems: lines }) => level === 50 && Array.isArray(lines));
  expect(logged.at(-1)?.problems).toEqual(problems);
}

async function expectGood(gateway: TestGateway): Promise<void> {
  await inEffect(() => isOk(gateway));
  expect(await metric(gateway, 'headrace_config_last_reload_successful')).toBe(1);
  expect(await (await gateway.get('/health/ready')).json()).toMatchObject({ last_reload: { ok: true } });
}

describe('27 a file that is wrong', () => {
  test.each([
    ['headrace.yaml', 'stream_heartbeet: 3\n', /headrace\.yaml:1:1: stream_heartbeet: .*stream_heartbeat/],
    ['headrace.yaml', 'listen: [', /headrace\.yaml:/],
    [backendFile, 'backend_type: custom\n', /backend\.yaml:.*api_base_url/],
    [connectorsName, '[p]\nbase_url = "http://127.0.0.1:9"\n', /toml:1:.*api_key/],
    [connectorsName, '[p]\napi_key = "key-that-is-not-closed\n', /toml:2:/],
  ])('%s with %j changes nothing, until there is a good one', async (name, text, problem) => {
    const { gateway, files } = await start();
    await put(gateway.folder, name, text);
    await expectOld(gateway, problem);
    expect(JSON.stringify([gateway.log(), await connectorsPage(gateway)])).not.toContain('key-that-is-not-closed');
    await put(gateway.folder, name, files[name as keyof typeof files]);
    await expectGood(gateway);
  });

  test('POST /admin/reload says what is wrong', async () => {
    const { gateway } = await start();
    await put(gateway.folder, 'headrace.yaml', 'nonsense: 1\n');
    const answer = await gateway.post('/admin/reload', {});
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({
      last_reload: { ok: false, problems: [expect.stringMatching(/nonsense/)] },
    });
  });
});

describe('what is gone', () => {
  test('the connectors file', async () => {
    const { gateway, files } = await start();
    await rm(join(gateway.folder, connectorsName));
    await expectOld(gateway, /toml: the file is gone/);
    await put(gateway.folder, connectorsName, files[connectorsName]);
    await expectGood(gateway);
  });

  test('a connectors file that was named', async () => {
    const backend = await startFakeBackend();
    const folder = await writeConfig({
      'c.toml': connectorsFile(backend.baseUrl, { con: 'x' }),
      [backendFile]: declaring(backend.baseUrl, 'm'),
    });
    const gateway = await startTestGateway({ flags: { configDir: folder, connectors: join(folder, 'c.toml') } });
    await rm(join(folder, 'c.toml'));
    await expectOld(gateway, /does not exist/);
  });

  test('the whole folder', async () => {
    const { gateway } = await start();
    await rename(gateway.folder, `${gateway.folder}-away`);
    await expectOld(gateway, /does not exist|is gone/);
    await rename(`${gateway.folder}-away`, gateway.folder);
    await expectGood(gateway);
  });
});

describe('links', () => {
  test.each([backendFile, connectorsName, 'headrace.yaml', 'backends/b', 'backends'])(
    'a loop in place of %s changes nothing',
    async (name) => {
      const { gateway } = await start();
      await rename(join(gateway.folder, name), join(gateway.folder, 'away'));
      await symlink(join(gateway.folder, name), join(gateway.folder, name));
      await expectOld(gateway, /./);
      await rm(join(gateway.folder, name));
      await rename(join(gateway.folder, 'away'), join(gateway.folder, name));
      await expectGood(gateway);
    },
  );

  test('one that leads nowhere changes nothing', async () => {
    const { gateway } = await start();
    await rm(join(gateway.folder, connectorsName));
    await symlink('nowhere', join(gateway.folder, connectorsName));
    await expectOld(gateway, /gone/);
  });
});

test('a configuration that cannot be read at all is a failed reload, also for those that wait, and the next one works', async () => {
  const folder = await writeConfig({ [backendFile]: declaring('http://127.0.0.1:9/v1', 'm') });
  const loaded = await loadConfig({ flags: { configDir: folder, port: '0' }, env: {}, cwd: folder });
  let isBroken = true;
  const load = async () => {
    if (isBroken) throw new Error('the disk is on fire');
    return loaded;
  };
  const log = openLog('silent', { write: () => {} });
  const gateway = await startGateway(loaded.config as Config, { log, env: {}, load });
  onTestFinished(() => gateway.close());
  const states = await Promise.all([1, 2, 3].map(() => gateway.reload('a test')));
  expect(states.map(({ ok }) => ok)).toEqual([false, false, false]);
  expect(states[0]?.problems.join()).toContain('the disk is on fire');
  isBroken = false;
  expect((await gateway.reload('a test')).ok).toBe(true);
});
