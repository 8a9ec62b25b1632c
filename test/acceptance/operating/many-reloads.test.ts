import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { startTestGateway } from '../../harness/test-gateway.ts';
import { connectorsFile, declaring, listed, loopOfChats, patient, put, tryChat } from './rig.ts';

const backendFile = 'backends/b/backend.yaml';
const mebibyte = 1024 * 1024;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

async function heapInUse(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    collectGarbage();
  }
  return process.memoryUsage().heapUsed;
}

function handles(): number {
  return process.getActiveResourcesInfo().filter((name) => name !== 'Timeout' && name !== 'Immediate').length;
}

test('2,000 reloads leave no memory, no connection and no handle behind', { timeout: 120_000 }, async () => {
  const backends = await Promise.all([startFakeBackend(), startFakeBackend()]);
  const [first, second] = backends;
  const connectors = connectorsFile(
    first.baseUrl,
    Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`c${i}`, 'x'])),
  );
  const gateway = await startTestGateway({
    files: { [backendFile]: declaring(first.baseUrl, 'm'), 'external-api-connectors.toml': connectors },
    flags: { logLevel: 'error' },
  });
  const reload = async (times: number) => {
    for (let i = 0; i < times; i++) {
      if (i % 10 === 0) {
        await put(gateway.folder, backendFile, declaring((i % 20 === 0 ? second : first).baseUrl, 'm', `m${i}`));
        expect(await tryChat(gateway, 'm')).toBe('200');
      }
      expect((await gateway.gateway.reload('a test')).ok).toBe(true);
    }
  };
  await reload(200);
  const [heapBefore, handlesBefore] = [await heapInUse(), handles()];
  await reload(2000);
  expect((await heapInUse()) - heapBefore).toBeLessThan(12 * mebibyte);
  // The two backends' sockets live in this process too, so each connection counts twice.
  expect(Math.abs(handles() - handlesBefore)).toBeLessThan(10);
  await expect.poll(() => first.openConnections + second.openConnections, patient).toBeLessThanOrEqual(3);
});

test('a reload of 500 backends with 20 models each leaves other requests running', { timeout: 60_000 }, async () => {
  const backend = await startFakeBackend();
  const models = Array.from({ length: 20 }, (_, i) => `model-${i}`);
  const names = Array.from({ length: 500 }, (_, i) => `backend-${i}`);
  const files = Object.fromEntries(
    names.map((name) => [`backends/${name}/backend.yaml`, declaring(backend.baseUrl, ...models)]),
  );
  const gateway = await startTestGateway({ files, flags: { logLevel: 'error' } });
  expect(await listed(gateway)).toHaveLength(10_000);
  const measure = async () => {
    const [before, from] = [process.cpuUsage(), performance.now()];
    expect((await gateway.gateway.reload('a test')).ok).toBe(true);
    const { user, system } = process.cpuUsage(before);
    return { took: performance.now() - from, used: (user + system) / 1000 };
  };
  await measure();
  const alone = await measure();
  const stop = loopOfChats(gateway, 'backend-7:model-3');
  await put(gateway.folder, 'backends/backend-7/backend.yaml', declaring(backend.baseUrl, ...models, 'model-20'));
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const { took } = await measure();
  delay.disable();
  const answers = await stop();
  const figures = [alone.took, alone.used, took, delay.max / 1e6].map(Math.round);
  console.info(
    '500 backends, in ms: %d alone, %d of the processor; %d among %d chats, longest pause %d',
    ...figures.slice(0, 3),
    answers.length,
    figures[3],
  );
  expect(alone.used).toBeLessThan(10_000); // 500 ms is what is aimed at
  expect(answers.length).toBeGreaterThan(1);
  expect(new Set(answers)).toEqual(new Set(['200']));
  expect(await tryChat(gateway, 'backend-7:model-20')).toBe('200');
});
