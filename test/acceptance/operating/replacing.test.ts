import { describe, expect, test } from 'vitest';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { startTestGateway, type TestGateway } from '../../harness/test-gateway.ts';
import { chat, chatPath } from '../local-servers/chat.ts';
import {
  connectorsFile,
  connectorsPage,
  declaring,
  deletePackage,
  inEffect,
  listed,
  metric,
  patient,
  put,
  tryChat,
} from './rig.ts';

const connectorsName = 'external-api-connectors.toml';

async function start() {
  const old = await startFakeBackend();
  const provider = await startFakeBackend();
  const files = { 'backends/old/backend.yaml': declaring(old.baseUrl, 'X', 'Y') };
  return { old, provider, gateway: await startTestGateway({ files }) };
}

async function statusOf(gateway: TestGateway, internal: string): Promise<unknown> {
  return (await connectorsPage(gateway)).connectors.find((one) => one.internal === internal)?.status;
}

describe('replacing a model by a connector', () => {
  test('23 first the DELETE, then the file: 404 in between', async () => {
    const { gateway, old, provider } = await start();
    expect((await deletePackage(gateway.url, 'X')).status).toBe(204);
    expect(await tryChat(gateway, 'X')).toBe('404 model_not_found');
    await put(gateway.folder, connectorsName, connectorsFile(provider.baseUrl, { X: 'new-x' }));
    await inEffect(async () => (await tryChat(gateway, 'X')) === '200');
    expect([provider.posts().at(-1)?.model, old.posts().length]).toEqual(['new-x', 0]);
    expect(await statusOf(gateway, 'X')).toBe('active');
    expect(await tryChat(gateway, 'old:X')).toBe('404 model_not_found');
    expect(await tryChat(gateway, 'Y')).toBe('200');
  });

  test('24 first the file: it is pending, and the DELETE swaps', async () => {
    const { gateway, old, provider } = await start();
    await put(gateway.folder, connectorsName, connectorsFile(provider.baseUrl, { X: 'new-x', free: 'f' }));
    await inEffect(async () => (await statusOf(gateway, 'X')) === 'pending');
    expect((await connectorsPage(gateway)).connectors[0]).toMatchObject({ internal: 'X', held_by: 'backend old' });
    expect(await metric(gateway, 'headrace_connectors{status="pending"}')).toBe(1);
    expect(await tryChat(gateway, 'X')).toBe('200');
    expect(await tryChat(gateway, 'free')).toBe('200');
    expect([old.posts().length, provider.posts().map(({ model }) => model)]).toEqual([1, ['f']]);
    expect((await deletePackage(gateway.url, 'X')).status).toBe(204);
    expect(await tryChat(gateway, 'X')).toBe('200');
    expect(provider.posts().at(-1)?.model).toBe('new-x');
    expect(await listed(gateway)).toEqual(['X', 'free', 'old:Y']);
    // What was deleted stays so, also when the connector goes.
    expect((await deletePackage(gateway.url, 'X')).status).toBe(204);
    expect(await tryChat(gateway, 'X')).toBe('404 model_not_found');
  });

  test('24 of 200 requests in a loop none fails, and each sent after the 204 goes to the connector', async () => {
    const { gateway, old, provider } = await start();
    await put(gateway.folder, connectorsName, connectorsFile(provider.baseUrl, { X: 'new-x' }));
    await inEffect(async () => (await statusOf(gateway, 'X')) === 'pending');
    const answers: { status: number; sentAfter: boolean; backend: string | null }[] = [];
    let swapped = false;
    const loop = async () => {
      for (let i = 0; i < 50; i++) {
        const sentAfter = swapped;
        const answer = await gateway.post(chatPath, chat({ model: 'X' }));
        await answer.text();
        answers.push({ status: answer.status, sentAfter, backend: answer.headers.get('x-headrace-backend') });
      }
    };
    const loops = Promise.all([loop(), loop(), loop(), loop()]);
    await expect.poll(() => answers.length, patient).toBeGreaterThan(40);
    expect((await deletePackage(gateway.url, 'X')).status).toBe(204);
    swapped = true;
    await loops;
    expect(answers).toHaveLength(200);
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    const after = answers.filter(({ sentAfter }) => sentAfter);
    expect(after.length).toBeGreaterThan(0);
    expect(new Set(after.map(({ backend }) => backend))).toEqual(new Set(['p']));
    expect(old.posts().length + provider.posts().length).toBe(200);
  });

  test('the connector becomes active as well when its holder leaves its file', async () => {
    const { gateway, old, provider } = await start();
    await put(gateway.folder, connectorsName, connectorsFile(provider.baseUrl, { 'old:X': 'new-x' }));
    await inEffect(async () => (await statusOf(gateway, 'old:X')) === 'pending');
    await put(gateway.folder, 'backends/old/backend.yaml', declaring(old.baseUrl, 'Y'));
    await inEffect(async () => (await statusOf(gateway, 'old:X')) === 'active');
    expect(await tryChat(gateway, 'old:X')).toBe('200');
    expect(provider.posts().map(({ model }) => model)).toEqual(['new-x']);
  });

  test('a model that comes later takes its name, and the connector waits', async () => {
    const { gateway, old, provider } = await start();
    await put(gateway.folder, connectorsName, connectorsFile(provider.baseUrl, { Z: 'new-z' }));
    await inEffect(async () => (await statusOf(gateway, 'Z')) === 'active');
    await put(gateway.folder, 'backends/old/backend.yaml', declaring(old.baseUrl, 'X', 'Z'));
    await inEffect(async () => (await statusOf(gateway, 'Z')) === 'pending');
    expect(await tryChat(gateway, 'Z')).toBe('200');
    expect([old.posts().length, provider.posts().length]).toEqual([1, 0]);
  });

  test('a pending connector is swapped in by either name of its holder', async () => {
    const { gateway, provider } = await start();
    await put(gateway.folder, connectorsName, connectorsFile(provider.baseUrl, { X: 'new-x' }));
    await inEffect(async () => (await statusOf(gateway, 'X')) === 'pending');
    expect((await deletePackage(gateway.url, 'old:X')).status).toBe(204);
    expect(await statusOf(gateway, 'X')).toBe('active');
    expect(await tryChat(gateway, 'X')).toBe('200');
    expect(provider.posts()).toHaveLength(1);
  });
});
