import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Config } from '../../../src/config/config.ts';
import { ConfigLoader } from '../../../src/config/config-loader.ts';
import { startGateway } from '../../../src/gateway.ts';
import { openLog } from '../../../src/telemetry/log.ts';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { startTestGateway, type TestGateway, writeConfig } from '../../harness/test-gateway.ts';
import { ask, connectorsFile, declaring, deletePackage, inEffect, listed, put } from './rig.ts';

const connectorsName = 'external-api-connectors.toml';
const backendFile = 'backends/b/backend.yaml';

function isRefused(gateway: TestGateway): boolean {
  return gateway.log().some(({ msg }) => /is wrong/.test(String(msg)));
}

async function lists(gateway: TestGateway, ...names: string[]): Promise<void> {
  await inEffect(async () => (await listed(gateway)).join() === names.toSorted().join());
}

describe('a connectors file outside of the configuration folder', () => {
  test.each([
    ['in a folder that is there', ''],
    ['in a folder that comes later', 'later'],
  ])('that headrace.yaml names before it is there is loaded when it appears, %s', async (_, inside) => {
    const backend = await startFakeBackend();
    const outside = join(await writeConfig({}), inside);
    const gateway = await startTestGateway({ files: { [backendFile]: declaring(backend.baseUrl, 'm') } });
    await put(gateway.folder, 'headrace.yaml', `connectors: ${join(outside, 'c.toml')}\n`);
    await inEffect(() => isRefused(gateway));
    await mkdir(outside, { recursive: true });
    await put(outside, 'c.toml', connectorsFile(backend.baseUrl, { one: 'x' }));
    await lists(gateway, 'b:m', 'one');
    await put(outside, 'c.toml', connectorsFile(backend.baseUrl, { two: 'x' }));
    await lists(gateway, 'b:m', 'two');
  });
});

/** Loads a configuration, lets something happen to its files, and only then starts a gateway on what was loaded. */
async function startLate(files: Readonly<Record<string, string>>, meanwhile: (folder: string) => Promise<void>) {
  const folder = await writeConfig(files);
  const loader = new ConfigLoader({ flags: { configDir: folder, port: '0' }, env: {}, cwd: folder });
  const { config, sources } = await loader.load();
  await meanwhile(folder);
  const log = openLog('silent', { write: () => {} });
  const gateway = await startGateway(config as Config, { log, env: {}, load: () => loader.load(), sources });
  onTestFinished(() => gateway.close());
  const names = async () => {
    const { text } = await ask(`http://127.0.0.1:${gateway.port}`, 'GET', '/v1/models');
    return (JSON.parse(text).data as { id: string }[]).map(({ id }) => id).toSorted();
  };
  return { names };
}

describe('what changes between the first load and the start is in effect soon', () => {
  const url = 'http://127.0.0.1:9';
  const files = { [backendFile]: declaring(url, 'm'), [connectorsName]: connectorsFile(url, { con: 'x' }) };
  test.each([
    ['a changed backend', (folder: string) => put(folder, backendFile, declaring(url, 'n')), 'b:n,con'],
    ['a new one', (folder: string) => put(folder, 'backends/c/backend.yaml', declaring(url, 'o')), 'b:m,c:o,con'],
    ['one that goes', (folder: string) => rm(join(folder, 'backends/b'), { recursive: true }), 'con'],
    ['connectors', (folder: string) => writeFile(join(folder, connectorsName), ''), 'b:m'],
    ['settings', (folder: string) => put(folder, 'headrace.yaml', 'connectors: other.toml\n'), 'b:m,other'],
  ])('%s', async (what, change, expected) => {
    const { names } = await startLate(files, async (folder) => {
      if (what === 'settings') await put(folder, 'other.toml', connectorsFile(url, { other: 'x' }));
      await change(folder);
    });
    await inEffect(async () => (await names()).join() === expected);
  });

  test('and nothing happens where nothing has changed', async () => {
    const backend = await startFakeBackend();
    const gateway = await startTestGateway({ files: { [backendFile]: declaring(backend.baseUrl, 'm') } });
    await new Promise((resolve) => setTimeout(resolve, 2600)); // longer than between two looks
    expect(gateway.log().filter(({ msg }) => msg === 'reloaded')).toEqual([]);
  });
});

test('what was read by hand is not read again, so a DELETE that follows is not undone', async () => {
  const backend = await startFakeBackend();
  const file = (...names: string[]) =>
    connectorsFile(backend.baseUrl, Object.fromEntries(names.map((name) => [name, 'x'])));
  const gateway = await startTestGateway({ files: { [connectorsName]: file('con') } });
  await put(gateway.folder, connectorsName, file('con', 'more'));
  expect((await gateway.gateway.reload('a test')).ok).toBe(true);
  expect((await deletePackage(gateway.url, 'con')).status).toBe(204);
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(await listed(gateway)).toEqual(['more']);
  await put(gateway.folder, connectorsName, file('con', 'last'));
  await lists(gateway, 'con', 'last');
});
