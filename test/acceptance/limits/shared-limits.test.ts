import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { runCommand } from '../../harness/command-line.ts';
import { findRedis, type RealRedis, startRedis } from '../../harness/real-redis.ts';
import { backendYaml, startTestGateway, type TestGateway, writeConfig } from '../../harness/test-gateway.ts';

const secret = 'secret-of-alice-1234';
const sha256 = createHash('sha256').update(secret).digest('hex');
const settings = (limits: object, more: object = {}) =>
  JSON.stringify({ keys: [{ name: 'alice', sha256, limits }], ...more });
const backendOf = (url: string, limits = '{}') =>
  backendYaml(`${url}/v1`, `auth_type: none\nmodels: {m: {limits: ${limits}}}`);

function chat(url: string, key?: string): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      connection: 'close',
      ...(key && { authorization: `Bearer ${key}` }),
    },
    body: JSON.stringify({ model: 'a:m', max_tokens: 5, messages: [{ role: 'user', content: 'hello' }] }),
  });
}

async function statuses(calls: readonly Promise<Response>[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const call of calls) {
    const answer = await call;
    await answer.text();
    counts[answer.status] = (counts[answer.status] ?? 0) + 1;
  }
  return counts;
}

describe('limits of callers over the workers of one machine', () => {
  it('hold over all of them together, and are used up', async () => {
    const backend = await startFakeBackend();
    const cwd = await writeConfig({
      'config/headrace.yaml': settings({ requests_per_minute: 30 }, { storage: { folder: 'none' } }),
      'config/backends/a/backend.yaml': backendOf(backend.url),
    });
    const command = runCommand(['start', '--port', '0', '--workers', '3'], { cwd });
    const [, url = ''] = await command.waitFor(/listening on (http:\S+)/);
    let served = 0;
    for (let round = 0; round < 4; round++) {
      served += (await statuses(Array.from({ length: 15 }, () => chat(url, secret))))[200] ?? 0;
      await sleep(300);
    }
    expect(served).toBeLessThanOrEqual(30);
    expect(served).toBeGreaterThanOrEqual(29);
    expect(backend.posts()).toHaveLength(served);
    command.child.kill('SIGTERM');
    expect((await command.exit).code).toBe(0);
  });
});

const program = findRedis();
describe.skipIf(program === undefined)('limits over machines that share a Redis', () => {
  let redis: RealRedis;
  beforeAll(async () => {
    redis = await startRedis(program as string);
  });
  afterAll(() => redis.stop());

  const machine = (files: Record<string, string>) =>
    startTestGateway({ files, env: { HEADRACE_REDIS_URL: redis.url } });

  it('hold for callers over all of them, and tell how the store is', async () => {
    const backend = await startFakeBackend();
    const files = {
      'headrace.yaml': settings({ requests_per_minute: 20 }),
      'backends/a/backend.yaml': backendOf(backend.url),
    };
    const [one, two] = [await machine(files), await machine(files)];
    let served = 0;
    for (let round = 0; round < 5; round++) {
      const calls = [one, two].flatMap(({ url }) => Array.from({ length: 4 }, () => chat(url, secret)));
      served += (await statuses(calls))[200] ?? 0;
      await sleep(300);
    }
    expect(served).toBeLessThanOrEqual(20);
    expect(served).toBeGreaterThanOrEqual(19);
    const ready = await (await one.get('/health/ready')).json();
    expect(ready).toMatchObject({ limits: { store: 'ok' } });
    expect(await (await one.get('/metrics', { authorization: `Bearer ${secret}` })).text()).not.toContain(redis.url);
  });

  it('hold for the rates of models, too', async () => {
    const backend = await startFakeBackend();
    const files = { 'backends/a/backend.yaml': backendOf(backend.url, '{requests_per_minute: 10}') };
    const [one, two] = [await machine(files), await machine(files)];
    const calls = [one, two].flatMap(({ url }) => Array.from({ length: 12 }, () => chat(url)));
    const counts = await statuses(calls);
    expect(counts[200]).toBeLessThanOrEqual(10);
    expect(counts[200]).toBeGreaterThanOrEqual(9);
    expect((counts[200] ?? 0) + (counts[429] ?? 0)).toBe(24);
    expect(backend.posts()).toHaveLength(counts[200] as number);
  });

  it('refuse when the store is gone, where the operator wants that, and say so', async () => {
    const backend = await startFakeBackend();
    const limits = { requests_per_minute: 20 };
    const gone = async (whenLost: string): Promise<TestGateway> =>
      startTestGateway({
        files: {
          'headrace.yaml': settings(limits, {
            limits: { redis_url: 'redis://someone:hunter2-password@127.0.0.1:1', when_store_lost: whenLost },
          }),
          'backends/a/backend.yaml': backendOf(backend.url),
        },
        env: { HEADRACE_ADMIN_KEY: 'admin-key-1234567890' },
      });
    const refusing = await gone('refuse');
    const refused = await chat(refusing.url, secret);
    expect(refused.status).toBe(503);
    expect(await refused.text()).toContain('limits.when_store_lost: refuse');
    const sharing = await gone('share');
    const served = await chat(sharing.url, secret);
    expect([served.status, served.headers.get('x-headrace-degraded')]).toEqual([200, 'limits']);
    expect(await (await sharing.get('/health/ready')).json()).toMatchObject({ limits: { store: 'lost' } });
    const admin = { authorization: 'Bearer admin-key-1234567890' };
    expect(await (await sharing.get('/metrics', admin)).text()).toMatch(/^headrace_limits_store_up 0$/m);
    const shown = await (await sharing.get('/admin/config', admin)).text();
    expect(shown).toContain('redis://someone@127.0.0.1:1');
    expect(shown + JSON.stringify(sharing.log())).not.toContain('hunter2');
    const lines = sharing.log().filter(({ msg }) => String(msg).includes('shared store of limits'));
    expect(lines).toHaveLength(1);
  });
});
