import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { startAdminGateway } from '../../harness/admin-client.ts';
import { runCommand } from '../../harness/command-line.ts';
import { findPostgres, startPostgres } from '../../harness/real-postgres.ts';
import { backendYaml, writeConfig } from '../../harness/test-gateway.ts';
import { models, reported } from '../limits/callers.ts';

const programs = findPostgres();
const body = { model: 'u:dear', messages: [{ role: 'user', content: 'hi' }] };
const patient = { timeout: 30_000, interval: 100 };

async function startBackend() {
  const backend = await startFakeBackend(() => ({ usage: reported }));
  const yaml = backendYaml(`${backend.url}/v1`, `auth_type: none\nmodels: ${JSON.stringify(models)}`);
  return { backend, files: { 'backends/u/backend.yaml': yaml } };
}

describe.skipIf(programs === undefined)('with PostgreSQL', () => {
  it('no call fails and no usage is lost while the database is killed and started again', {
    timeout: 120_000,
  }, async () => {
    const postgres = await startPostgres(programs as string);
    onTestFinished(() => postgres.stop());
    const url = await postgres.createDatabase();
    const { backend, files } = await startBackend();
    const keys = 'keys: [{name: bob, key_env_var: BOB_KEY, limits: {tokens_per_day: 100000000}}]';
    const admin = await startAdminGateway({
      files,
      settings: `storage: {folder: state, url: "${url}", flush_interval: 0.1}\n${keys}`,
      env: { BOB_KEY: 'key-of-bob-0123456' },
    });
    const { gateway } = admin;
    let isOver = false;
    let served = 0;
    const degraded = new Set<string | null>();
    const load = async () => {
      while (!isOver) {
        const answer = await gateway.post('/v1/chat/completions', body, { authorization: 'Bearer key-of-bob-0123456' });
        await answer.text();
        expect(answer.status).toBe(200);
        degraded.add(answer.headers.get('x-headrace-degraded'));
        served++;
      }
    };
    const clients = [load(), load(), load()];
    await sleep(500);
    await postgres.kill();
    await expect.poll(() => degraded.has('usage'), patient).toBe(true);
    const ready = (await (await gateway.get('/health/ready')).json()) as { status: string; usage: object };
    expect(ready).toMatchObject({ status: 'ready', usage: { store: 'lost' } });
    await sleep(500);
    expect((await admin.ask('GET', '/admin/usage')).status).toBe(503);
    expect((await admin.ask('GET', '/metrics')).text).toContain('headrace_usage_store_up 0');
    expect(readdirSync(join(gateway.folder, 'state', 'usage-spool')).length).toBeGreaterThan(0);
    await postgres.start();
    await sleep(1000);
    isOver = true;
    await Promise.all(clients);
    await expect
      .poll(async () => (await admin.ask('GET', '/admin/usage?key=bob')).body.data?.[0]?.calls, patient)
      .toBe(served);
    expect(backend.posts().length).toBe(served);
    const tokens = postgres.run(
      "select used from limit_counters where limit_id like 'key:bob/tokens%'",
      new URL(url).pathname.slice(1),
    );
    expect(Number(tokens)).toBe(served * reported.total_tokens);
    const messages = gateway.log().map(({ msg }) => msg);
    expect(
      messages.filter((msg) => msg === 'usage cannot be written; it waits until the storage is back'),
    ).toHaveLength(1);
    expect(messages.filter((msg) => msg === 'usage can be written again')).toHaveLength(1);
    expect(messages).not.toContain('usage is lost');
    expect(await (await gateway.get('/health/ready')).json()).toMatchObject({ usage: { store: 'ok', waiting: 0 } });
    expect(readdirSync(join(gateway.folder, 'state', 'usage-spool'))).toEqual([]);
  });
});

describe('a gateway process', () => {
  const environment = { HEADRACE_ADMIN_KEY: 'key-of-the-admin-0123', BOB_KEY: 'key-of-bob-0123456' };

  async function start(folder: string, ...more: string[]) {
    const command = runCommand(['start', '--port', '0', ...more], { cwd: folder, env: environment });
    const [, url = ''] = await command.waitFor(/listening on (http:\S+)/);
    return { command, url };
  }

  function ask(url: string, path: string, key = environment.HEADRACE_ADMIN_KEY) {
    return fetch(url + path, { headers: { authorization: `Bearer ${key}` } });
  }

  async function chat(url: string): Promise<Response> {
    const answer = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${environment.BOB_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    await answer.clone().text();
    return answer;
  }

  async function configured(flushSeconds: number) {
    const { backend, files } = await startBackend();
    const limits = { requests_per_day: 1000, budget: { month: 100 } };
    const settings = {
      storage: { folder: '../state', flush_interval: flushSeconds },
      keys: [{ name: 'bob', key_env_var: 'BOB_KEY', limits }],
    };
    const config = Object.fromEntries(Object.entries(files).map(([name, text]) => [`config/${name}`, text]));
    const folder = await writeConfig({ ...config, 'config/headrace.yaml': JSON.stringify(settings) });
    return { backend, folder };
  }

  const sum = async (url: string) => {
    const answer = (await (await ask(url, '/admin/usage?key=bob')).json()) as { data: Record<string, number>[] };
    return answer.data[0];
  };

  it('writes what waits when it is told to end, and what is used of limits goes on after the restart', {
    timeout: 60_000,
  }, async () => {
    const { folder } = await configured(60);
    const first = await start(folder);
    for (let i = 0; i < 7; i++) await chat(first.url);
    first.command.child.kill('SIGTERM');
    expect((await first.command.exit).code).toBe(0);
    const second = await start(folder);
    expect(await sum(second.url)).toMatchObject({ calls: 7, cost: 0.28 });
    const { data } = (await (await ask(second.url, '/admin/limits?name=bob')).json()) as { data: object[] };
    expect(data).toMatchObject([
      { resource: 'cost', period: 'month', used: 0.28, limit: 100 },
      { resource: 'requests', period: 'day', used: 7, limit: 1000 },
    ]);
  });

  it('loses at most the flush interval when it is killed under load, and nothing else', {
    timeout: 60_000,
  }, async () => {
    const { backend, folder } = await configured(0.5);
    const first = await start(folder);
    let isOver = false;
    /** When each answer was there. */
    const answered: number[] = [];
    const load = async () => {
      while (!isOver) {
        const status = await chat(first.url).then(
          ({ status: code }) => code,
          () => 0,
        );
        if (status === 200) answered.push(performance.now());
        await sleep(20); // the backend remembers a thousand calls
      }
    };
    const clients = [load(), load()];
    // The interval, and the time that writing and a crowded machine take.
    const settledBefore = () => performance.now() - 3000;
    await expect.poll(() => answered.filter((at) => at < settledBefore()).length, patient).toBeGreaterThan(5);
    const killedAt = performance.now();
    first.command.child.kill('SIGKILL');
    isOver = true;
    await Promise.all([first.command.exit, ...clients]);
    const second = await start(folder);
    const written = (await sum(second.url))?.calls ?? 0;
    const kept = answered.filter((at) => at < killedAt - 3000).length;
    expect(kept).toBeGreaterThan(5);
    expect(written).toBeGreaterThanOrEqual(kept);
    expect(written).toBeLessThanOrEqual(backend.posts().length);
    const { data } = (await (await ask(second.url, '/admin/limits?name=bob')).json()) as { data: { used: number }[] };
    expect(data[1]?.used).toBe(written);
  });

  it('has every call in the ledger with several workers, each of which writes for itself', {
    timeout: 60_000,
  }, async () => {
    const { folder, backend } = await configured(0.1);
    const { url } = await start(folder, '--workers', '2');
    for (let turn = 0; turn < 5; turn++) await Promise.all([chat(url), chat(url), chat(url), chat(url)]);
    await expect.poll(async () => (await sum(url))?.calls, patient).toBe(20);
    expect(backend.posts()).toHaveLength(20);
    const metrics = await (await ask(url, '/metrics')).text();
    expect(metrics).toContain('headrace_usage_rows_total{outcome="written"} 20');
  });
});

it('a full disk costs no request; what there is no room for is counted', { timeout: 60_000 }, async (context) => {
  const disk = await writeConfig({});
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk], { stdio: 'pipe' });
  } catch (error) {
    console.warn(`NOT TESTED: a full disk, since none can be mounted here: ${error}`);
    context.skip(String(error));
  }
  onTestFinished(() => void execFileSync('umount', ['-l', disk]));
  const { files, backend } = await startBackend();
  const admin = await startAdminGateway({ files, settings: `storage: {folder: ${disk}, flush_interval: 0.05}` });
  const { gateway } = admin;
  const { secret } = await admin.create({ name: 'alice' });
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(join(disk, 'filler'), Buffer.alloc(bavail * bsize));
  for (let i = 0; i < 40; i++) {
    const answer = await gateway.post('/v1/chat/completions', body, { authorization: `Bearer ${secret}` });
    expect(answer.status).toBe(200);
    await answer.text();
  }
  await expect
    .poll(() => gateway.log().some(({ msg }) => String(msg).includes('usage cannot be written')), patient)
    .toBe(true);
  rmSync(join(disk, 'filler'));
  await expect.poll(async () => (await admin.ask('GET', '/admin/usage')).body.data?.[0]?.calls, patient).toBe(40);
  expect(backend.posts()).toHaveLength(40);
});
