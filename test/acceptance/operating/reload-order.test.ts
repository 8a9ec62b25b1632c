import fc from 'fast-check';
import { expect, test } from 'vitest';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { startTestGateway } from '../../harness/test-gateway.ts';
import { connectorsFile, connectorsPage, declaring, put, tryChat } from './rig.ts';

const connectorsName = 'external-api-connectors.toml';
const connector = { kind: 'connector', name: 'con' } as const;

async function start() {
  const provider = await startFakeBackend();
  const gateway = await startTestGateway({
    files: {
      'backends/b/backend.yaml': declaring(provider.baseUrl, 'm'),
      [connectorsName]: connectorsFile(provider.baseUrl, { con: 'x' }),
    },
    flags: { logLevel: 'error' },
  });
  return { provider, gateway };
}

test('a deleted connector is back after a reload that was asked for later, whatever else is going on', async () => {
  const { gateway } = await start();
  const steps = fc.array(fc.constantFrom('reload', 'delete', 'wait', 'turn'), { minLength: 1, maxLength: 12 });
  const holds = fc.asyncProperty(steps, async (taken) => {
    const running: Promise<unknown>[] = [gateway.gateway.reload('a test')];
    let isDeleted = false;
    for (const step of taken) {
      if (step === 'wait') await Promise.all(running);
      else if (step === 'turn') await new Promise((resolve) => setImmediate(resolve));
      else if (step === 'reload') running.push(gateway.gateway.reload('a test'));
      else gateway.gateway.deletePackage(connector, 'a test');
      if (step === 'reload' || step === 'delete') isDeleted = step === 'delete';
    }
    await Promise.all(running);
    expect((await connectorsPage(gateway)).connectors[0]?.status).toBe(isDeleted ? 'deleted' : 'active');
    expect(await tryChat(gateway, 'con')).toBe(isDeleted ? '404 model_not_found' : '200');
  });
  await fc.assert(holds, { numRuns: 60 });
});

test('a model that is deleted while its file is read stays away as long as the file names it', async () => {
  const { gateway, provider } = await start();
  await put(gateway.folder, 'backends/b/backend.yaml', declaring(provider.baseUrl, 'm', 'late'));
  const reloading = gateway.gateway.reload('a test');
  gateway.gateway.deletePackage({ kind: 'model', name: 'b:late' }, 'a test');
  await reloading;
  expect(await tryChat(gateway, 'late')).toBe('404 model_not_found');
  await put(gateway.folder, 'backends/b/backend.yaml', declaring(provider.baseUrl, 'm'));
  await gateway.gateway.reload('a test');
  await put(gateway.folder, 'backends/b/backend.yaml', declaring(provider.baseUrl, 'm', 'late'));
  await gateway.gateway.reload('a test');
  expect(await tryChat(gateway, 'late')).toBe('200');
});

test('the deletion of a model that no file names leaves nothing behind', async () => {
  const { gateway, provider } = await start();
  gateway.gateway.deletePackage({ kind: 'model', name: 'b:late' }, 'a test');
  await put(gateway.folder, 'backends/b/backend.yaml', declaring(provider.baseUrl, 'm', 'late'));
  await gateway.gateway.reload('a test');
  expect(await tryChat(gateway, 'late')).toBe('200');
});
