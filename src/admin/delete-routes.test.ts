import { describe, expect, test } from 'vitest';
import {
  connectorsFile,
  connectorsPage,
  declaring,
  deletePackage,
  listed,
  put,
  tryChat,
} from '../../test/acceptance/operating/rig.ts';
import { startFakeBackend } from '../../test/fake-backend/fake-backend.ts';
import { startTestGateway, type TestGateway, writeConfig } from '../../test/harness/test-gateway.ts';

const routes = 'default_backend: b\nroutes: {fast: {model: m}, "team/chat": {model: m}, con: {model: "b:n"}}\n';

async function start(settings: string) {
  const backend = await startFakeBackend();
  const folder = await writeConfig({
    'headrace.yaml': settings,
    'backends/b/backend.yaml': declaring(backend.baseUrl, 'm', 'n'),
    'external-api-connectors.toml': connectorsFile(backend.baseUrl, { con: 'outer' }),
  });
  return { folder, gateway: await startTestGateway({ flags: { configDir: folder } }) };
}

async function restart(gateway: TestGateway, folder: string): Promise<TestGateway> {
  await gateway.gateway.close();
  return startTestGateway({ flags: { configDir: folder } });
}

describe('DELETE of a route', () => {
  test('it is in no list, and its name does not fall through to the default backend', async () => {
    const { gateway } = await start(routes);
    expect(await listed(gateway)).toEqual(['b:m', 'b:n', 'con', 'fast', 'team/chat']);
    expect(await tryChat(gateway, 'fast')).toBe('200');
    expect((await deletePackage(gateway.url, 'fast')).status).toBe(204);
    expect((await deletePackage(gateway.url, 'team%2Fchat')).status).toBe(204);
    expect(await listed(gateway)).toEqual(['b:m', 'b:n', 'con']);
    expect(await tryChat(gateway, 'fast')).toBe('404 model_not_found');
    expect(await tryChat(gateway, 'any-other')).toBe('200');
    expect(await tryChat(gateway, 'm')).toBe('200');
    expect((await deletePackage(gateway.url, 'fast')).code).toBe('unknown_checkpoint');
    expect((await connectorsPage(gateway)).deleted).toEqual(['fast', 'team/chat']);
  });

  test('the connector that waited for its name takes over', async () => {
    const { gateway } = await start(routes);
    const status = async () => (await connectorsPage(gateway)).connectors.map(({ status }) => status);
    expect(await status()).toEqual(['pending']);
    expect((await deletePackage(gateway.url, 'con')).status).toBe(204);
    expect(await status()).toEqual(['active']);
    expect(await tryChat(gateway, 'con')).toBe('200');
    expect(await listed(gateway)).toEqual(['b:m', 'b:n', 'con', 'fast', 'team/chat']);
  });

  test('it stays away over reloads until the file no longer names it', async () => {
    const { gateway, folder } = await start(routes);
    await deletePackage(gateway.url, 'fast');
    await put(folder, 'headrace.yaml', `${routes}log_level: info\n`);
    await gateway.gateway.reload('a test');
    expect(await tryChat(gateway, 'fast')).toBe('404 model_not_found');
    await put(folder, 'headrace.yaml', 'default_backend: b\n');
    await gateway.gateway.reload('a test');
    await put(folder, 'headrace.yaml', routes);
    await gateway.gateway.reload('a test');
    expect(await tryChat(gateway, 'fast')).toBe('200');
  });

  test('over a restart it stays away with storage; without it the log said so', async () => {
    const kept = await start(`${routes}storage: {folder: state}\n`);
    await deletePackage(kept.gateway.url, 'fast');
    const second = await restart(kept.gateway, kept.folder);
    expect(await tryChat(second, 'fast')).toBe('404 model_not_found');
    expect((await connectorsPage(second)).deleted).toEqual(['fast']);
    const { gateway, folder } = await start(routes);
    await deletePackage(gateway.url, 'fast');
    expect(gateway.log()).toContainEqual(
      expect.objectContaining({ package: 'fast', msg: expect.stringMatching(/back after a restart.*no storage/) }),
    );
    expect(await tryChat(await restart(gateway, folder), 'fast')).toBe('200');
  });
});
