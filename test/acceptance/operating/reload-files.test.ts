import { mkdir, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { startTestGateway, type TestGateway, writeConfig } from '../../harness/test-gateway.ts';
import { connectorsFile, declaring, inEffect, listed, loopOfChats, put, tryChat } from './rig.ts';

const connectorsName = 'external-api-connectors.toml';
const backendFile = 'backends/b/backend.yaml';

/** Resolves when just these names are listed. */
function lists(gateway: TestGateway, ...names: string[]): Promise<void> {
  return inEffect(async () => (await listed(gateway)).join() === names.toSorted().join());
}

function reloads(gateway: TestGateway): number {
  return gateway.log().filter(({ msg }) => msg === 'reloaded').length;
}

describe('a change is in effect without a restart', () => {
  test('of a backend.yaml, a new backend, and one that goes', async () => {
    const backend = await startFakeBackend();
    const gateway = await startTestGateway({ files: { [backendFile]: declaring(backend.baseUrl, 'm') } });
    await put(gateway.folder, backendFile, declaring(backend.baseUrl, 'm', 'n'));
    await lists(gateway, 'b:m', 'b:n');
    await put(gateway.folder, 'backends/c/backend.yaml', declaring(backend.baseUrl, 'o'));
    await lists(gateway, 'b:m', 'b:n', 'c:o');
    await rm(join(gateway.folder, 'backends/b'), { recursive: true });
    await lists(gateway, 'c:o');
    expect(gateway.log()).toContainEqual(
      expect.objectContaining({ msg: 'reloaded', backends: { added: ['c'], changed: [], removed: [] } }),
    );
    expect(gateway.log()).toContainEqual(
      expect.objectContaining({ msg: 'reloaded', backends: { added: [], changed: [], removed: ['b'] } }),
    );
  });

  test('of headrace.yaml', async () => {
    const backend = await startFakeBackend();
    const gateway = await startTestGateway({ files: { [backendFile]: declaring(backend.baseUrl, 'm') } });
    expect(await tryChat(gateway, 'unheard-of')).toBe('404 model_not_found');
    await put(gateway.folder, 'headrace.yaml', 'default_backend: b\n');
    await inEffect(async () => (await tryChat(gateway, 'unheard-of')) === '200');
    await put(gateway.folder, 'headrace.yaml', 'default_backend: b\nlimits: {max_request_bytes: 20}\n');
    await inEffect(async () => (await tryChat(gateway, 'unheard-of')) === '413 request_too_large');
  });

  test('of the connectors file, which appears, changes and is emptied', async () => {
    const provider = await startFakeBackend();
    const gateway = await startTestGateway({ files: { [backendFile]: declaring(provider.baseUrl, 'm') } });
    await put(gateway.folder, connectorsName, connectorsFile(provider.baseUrl, { one: 'x' }));
    await lists(gateway, 'b:m', 'one');
    await put(gateway.folder, connectorsName, connectorsFile(provider.baseUrl, { two: 'x' }));
    await lists(gateway, 'b:m', 'two');
    await put(gateway.folder, connectorsName, '');
    await lists(gateway, 'b:m');
  });

  test('of the connectors file that headrace.yaml names, also when it is another one or comes later', async () => {
    const provider = await startFakeBackend();
    const first = connectorsFile(provider.baseUrl, { one: 'x' });
    const files = { 'headrace.yaml': 'connectors: a.toml\n', 'a.toml': first };
    const gateway = await startTestGateway({ files: { ...files, [backendFile]: declaring(provider.baseUrl, 'm') } });
    await put(gateway.folder, 'headrace.yaml', 'connectors: b.toml\n');
    await inEffect(() => gateway.log().some(({ msg }) => /is wrong/.test(String(msg))));
    expect(await listed(gateway)).toEqual(['b:m', 'one']);
    await put(gateway.folder, 'b.toml', connectorsFile(provider.baseUrl, { two: 'x' }));
    await lists(gateway, 'b:m', 'two');
    await put(gateway.folder, 'b.toml', connectorsFile(provider.baseUrl, { three: 'x' }));
    await lists(gateway, 'b:m', 'three');
    await put(gateway.folder, 'more/c.toml', connectorsFile(provider.baseUrl, { four: 'x' }));
    await put(gateway.folder, 'headrace.yaml', 'connectors: more/c.toml\n');
    await lists(gateway, 'b:m', 'four');
    await put(gateway.folder, 'more/c.toml', connectorsFile(provider.baseUrl, { five: 'x' }));
    await lists(gateway, 'b:m', 'five');
    await put(gateway.folder, 'headrace.yaml', ''); // on purpose, so no file is missing
    await lists(gateway, 'b:m');
  });

  test('of an editor that writes in place, and of one that renames', async () => {
    const backend = await startFakeBackend();
    const gateway = await startTestGateway({ files: { [backendFile]: declaring(backend.baseUrl, 'm') } });
    await writeFile(join(gateway.folder, backendFile), declaring(backend.baseUrl, 'in-place'));
    await lists(gateway, 'b:in-place');
    const path = join(gateway.folder, backendFile);
    await rename(path, `${path}~`); // the file is gone for a moment
    await writeFile(path, declaring(backend.baseUrl, 'renamed'));
    await unlink(`${path}~`);
    await lists(gateway, 'b:renamed');
  });

  test('of a file that is written in two halves, as one', async () => {
    const backend = await startFakeBackend();
    const gateway = await startTestGateway({ files: { [backendFile]: declaring(backend.baseUrl, 'm') } });
    const text = declaring(backend.baseUrl, 'one', 'two');
    const path = join(gateway.folder, backendFile);
    await writeFile(path, text.slice(0, 60));
    await new Promise((resolve) => setTimeout(resolve, 40));
    await writeFile(path, text);
    await lists(gateway, 'b:one', 'b:two');
    expect(reloads(gateway)).toBe(1);
    expect(gateway.log().filter(({ level }) => level === 50)).toEqual([]);
  });

  test('of a folder that appears later, and of one that is exchanged whole', async () => {
    const backend = await startFakeBackend();
    const parent = await writeConfig({
      'headrace.yaml': '',
      'other/b/backend.yaml': declaring(backend.baseUrl, 'other'),
    });
    const provider = await startFakeBackend({ models: [] });
    const gateway = await startTestGateway({ flags: { configDir: parent, baseUrl: provider.url } });
    await mkdir(join(parent, 'backends/new'), { recursive: true });
    await writeFile(join(parent, 'backends/new/backend.yaml'), declaring(backend.baseUrl, 'm'));
    await lists(gateway, 'new:m');
    await rename(join(parent, 'backends'), join(parent, 'old'));
    await rename(join(parent, 'other'), join(parent, 'backends'));
    await lists(gateway, 'b:other');
    await put(parent, 'backends/b/backend.yaml', declaring(backend.baseUrl, 'another'));
    await lists(gateway, 'b:another');
  });

  test('while something in the folder is written all the time', async () => {
    const backend = await startFakeBackend();
    const gateway = await startTestGateway({ files: { [backendFile]: declaring(backend.baseUrl, 'm') } });
    let i = 0;
    const timer = setInterval(() => void writeFile(join(gateway.folder, 'some.log'), String(i++)), 50);
    try {
      await put(gateway.folder, backendFile, declaring(backend.baseUrl, 'n'));
      await lists(gateway, 'b:n');
    } finally {
      clearInterval(timer);
    }
  });
});

/** A folder as Kubernetes mounts it: files are links through `..data` to a dated folder, and only that link changes. */
async function mountVersion(folder: string, version: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) await put(join(folder, `..${version}`), name, text);
  await symlink(`..${version}`, join(folder, '..data_tmp'));
  await rename(join(folder, '..data_tmp'), join(folder, '..data'));
}

test('26 connectors are added, changed and removed by swapping ..data twice, and no request fails', async () => {
  const provider = await startFakeBackend();
  const folder = await writeConfig({});
  const file = (names: Record<string, string>) => ({ [connectorsName]: connectorsFile(provider.baseUrl, names) });
  await mountVersion(folder, '2026_1', file({ kept: 'a', changed: 'b', removed: 'c' }));
  await symlink(`..data/${connectorsName}`, join(folder, connectorsName));
  const gateway = await startTestGateway({ flags: { configDir: folder } });
  const stop = loopOfChats(gateway, 'kept');
  await mountVersion(folder, '2026_2', file({ kept: 'a', changed: 'b2', added: 'd' }));
  await rm(join(folder, '..2026_1'), { recursive: true });
  await lists(gateway, 'kept', 'changed', 'added');
  await tryChat(gateway, 'changed');
  expect(provider.posts().filter(({ model }) => model === 'b2')).toHaveLength(1);
  await mountVersion(folder, '2026_3', file({ kept: 'a', last: 'e' }));
  await rm(join(folder, '..2026_2'), { recursive: true });
  await lists(gateway, 'kept', 'last');
  const statuses = await stop();
  expect(new Set(statuses)).toEqual(new Set(['200']));
  const changes = gateway.log().filter(({ msg }) => msg === 'reloaded');
  expect(changes).toMatchObject([
    { connectors: { added: ['added'], changed: ['changed'], removed: ['removed'] } },
    { connectors: { added: ['last'], changed: [], removed: ['changed', 'added'] } },
  ]);
});

test('the whole folder mounted so: backends below a link', async () => {
  const backend = await startFakeBackend();
  const folder = await writeConfig({});
  await mountVersion(folder, '1', { [backendFile]: declaring(backend.baseUrl, 'm'), 'headrace.yaml': '' });
  await symlink('..data/backends', join(folder, 'backends'));
  await symlink('..data/headrace.yaml', join(folder, 'headrace.yaml'));
  const gateway = await startTestGateway({ flags: { configDir: folder } });
  for (const version of ['2', '3', '4']) {
    await mountVersion(folder, version, { [backendFile]: declaring(backend.baseUrl, version), 'headrace.yaml': '' });
    await lists(gateway, `b:${version}`);
  }
});

test('a file that only looks new changes nothing', async () => {
  const backend = await startFakeBackend();
  const gateway = await startTestGateway({ files: { [backendFile]: declaring(backend.baseUrl, 'm') } });
  await put(gateway.folder, backendFile, declaring(backend.baseUrl, 'm'));
  await put(gateway.folder, 'notes.txt', 'something else');
  await new Promise((resolve) => setTimeout(resolve, 800));
  expect(reloads(gateway)).toBe(0);
});
