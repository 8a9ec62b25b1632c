import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { startTestGateway, type TestGateway, writeConfig } from '../../harness/test-gateway.ts';
import { connectorsFile, connectorsPage, declaring, deletePackage, put, tryChat } from './rig.ts';

const storage = 'storage: {folder: state}\n';
const backendFile = 'backends/b/backend.yaml';

async function start(settings: string) {
  const backend = await startFakeBackend();
  const folder = await writeConfig({
    'headrace.yaml': settings,
    [backendFile]: declaring(backend.baseUrl, 'm', 'n'),
    'external-api-connectors.toml': connectorsFile(backend.baseUrl, { con: 'outer' }),
  });
  return { backend, folder, gateway: await startTestGateway({ flags: { configDir: folder } }) };
}

async function restart(gateway: TestGateway, folder: string): Promise<TestGateway> {
  await gateway.gateway.close();
  return startTestGateway({ flags: { configDir: folder } });
}

describe("a deleted backend's model", () => {
  test.each([storage, ''])('stays away over all reloads until its file no longer names it (%j)', async (settings) => {
    const { gateway, folder, backend } = await start(settings);
    expect((await deletePackage(gateway.url, 'm')).status).toBe(204);
    for (let i = 0; i < 3; i++) await gateway.gateway.reload('a test');
    await put(folder, backendFile, `${declaring(backend.baseUrl, 'm', 'n', 'o')}`);
    await gateway.gateway.reload('a test');
    expect(await tryChat(gateway, 'o')).toBe('200');
    expect(await tryChat(gateway, 'm')).toBe('404 model_not_found');
    await put(folder, backendFile, declaring(backend.baseUrl, 'n'));
    await gateway.gateway.reload('a test');
    expect(await tryChat(gateway, 'm')).toBe('404 model_not_found'); // there is none now
    expect((await connectorsPage(gateway)).deleted).toEqual([]);
    await put(folder, backendFile, declaring(backend.baseUrl, 'm', 'n'));
    await gateway.gateway.reload('a test');
    expect(await tryChat(gateway, 'm')).toBe('200');
  });

  test('stays away while its file is wrong', async () => {
    const { gateway, folder, backend } = await start('');
    await deletePackage(gateway.url, 'm');
    await put(folder, backendFile, 'models: [');
    expect((await gateway.gateway.reload('a test')).ok).toBe(false);
    await put(folder, backendFile, declaring(backend.baseUrl, 'm'));
    expect((await gateway.gateway.reload('a test')).ok).toBe(true);
    expect(await tryChat(gateway, 'm')).toBe('404 model_not_found');
  });
});

describe('over a restart', () => {
  test('with storage it stays away; a connector is back', async () => {
    const { gateway, folder } = await start(storage);
    for (const name of ['b:m', 'con']) expect((await deletePackage(gateway.url, name)).status).toBe(204);
    const second = await restart(gateway, folder);
    expect(await tryChat(second, 'm')).toBe('404 model_not_found');
    expect(await tryChat(second, 'n')).toBe('200');
    expect(await tryChat(second, 'con')).toBe('200');
    expect((await connectorsPage(second)).deleted).toEqual(['b:m']);
    expect(gateway.log().filter(({ msg }) => /restart/.test(String(msg)))).toEqual([]);
  });

  test('without storage it is back, and the log said so', async () => {
    const { gateway, folder } = await start('');
    await deletePackage(gateway.url, 'b:m');
    expect(gateway.log()).toContainEqual(
      expect.objectContaining({ package: 'b:m', msg: expect.stringMatching(/back after a restart.*no storage/) }),
    );
    expect(await tryChat(await restart(gateway, folder), 'm')).toBe('200');
  });

  test('with storage, a file that did not name it meanwhile brings it back', async () => {
    const { gateway, folder, backend } = await start(storage);
    await deletePackage(gateway.url, 'b:m');
    await put(folder, backendFile, declaring(backend.baseUrl, 'n'));
    const second = await restart(gateway, folder);
    expect(await tryChat(second, 'm')).toBe('404 model_not_found');
    await put(folder, backendFile, declaring(backend.baseUrl, 'm', 'n'));
    expect(await tryChat(await restart(second, folder), 'm')).toBe('200');
  });

  test('it is written before the 204', async () => {
    const { gateway, folder } = await start(storage);
    const { openSqliteStorage } = await import('../../../src/storage/sqlite-storage.ts');
    await deletePackage(gateway.url, 'm');
    const other = await openSqliteStorage(join(folder, 'state'));
    expect(await other.packages.deleted()).toEqual(['b:m']);
    await other.close();
  });
});
