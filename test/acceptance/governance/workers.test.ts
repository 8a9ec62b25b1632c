import { expect, it } from 'vitest';
import { openaiClient } from '../../conformance/sdk-setup.ts';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { send } from '../../fake-backend/http-client.ts';
import { adminSecret } from '../../harness/admin-client.ts';
import { runCommand } from '../../harness/command-line.ts';
import { backendYaml, writeConfig } from '../../harness/test-gateway.ts';
import { models } from '../limits/callers.ts';
import { type Limit, shortChat } from './governed.ts';

const secret = 'key-of-alice-0123';
const settings = `
storage: {folder: state, flush_interval: 0.05}
teams: {red: {limits: {requests_per_day: 60, budget: {day: 0.8}, max_concurrent: 10}}}
keys: [{name: alice, key_env_var: ALICE, team: red, limits: {tokens_per_day: 10000}}]
`;

async function startWorkers() {
  const rig = { mostRunning: 0 };
  const backend = await startFakeBackend(() => {
    rig.mostRunning = Math.max(rig.mostRunning, backend.running);
    return { usage: { prompt_tokens: 8, completion_tokens: 8 }, delay_ms: 10 };
  });
  const yaml = backendYaml(`${backend.url}/v1`, `auth_type: none\nmodels: ${JSON.stringify(models)}`);
  const cwd = await writeConfig({ 'config/headrace.yaml': settings, 'config/backends/u/backend.yaml': yaml });
  const env = { ALICE: secret, HEADRACE_ADMIN_KEY: adminSecret };
  const command = runCommand(['start', '--workers', '2', '--port', '0'], { cwd, env });
  const [, url] = await command.waitFor(/listening on (http:\S+)/);
  /** Each time on a connection of its own, so that either worker may get it. */
  const get = async (path: string) =>
    JSON.parse((await send(`${url}${path}`, { headers: { authorization: `Bearer ${adminSecret}` } })).text).data;
  const chat = async (): Promise<number> => {
    const body = JSON.stringify(shortChat);
    const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
    return (await send(`${url}/v1/chat/completions`, { method: 'POST', headers, body })).status;
  };
  return { rig, backend, get, chat, client: openaiClient(`${url}/v1`, { apiKey: secret, maxRetries: 0 }) };
}

it('200 clients of two workers pass no limit together, and the ledger says what the backend served', {
  timeout: 120_000,
}, async () => {
  const { rig, backend, get, client } = await startWorkers();
  const statuses: number[] = [];
  const call = async () => {
    for (let turn = 0; turn < 4; turn++) {
      const answer = client.chat.completions.create(shortChat).then(
        () => 200,
        (error: { status?: number }) => error.status ?? 0,
      );
      statuses.push(await answer);
    }
  };
  await Promise.all(Array.from({ length: 200 }, call));
  const passed = statuses.filter((status) => status === 200).length;
  expect(new Set(statuses)).toEqual(new Set([200, 429]));
  expect(backend.posts()).toHaveLength(passed);
  expect(rig.mostRunning).toBeLessThanOrEqual(10);
  expect(passed).toBeGreaterThan(20);
  expect(passed * 0.016).toBeLessThanOrEqual(0.8);
  const calls = async () => (await get('/admin/usage?from=2020-01-01'))[0]?.calls;
  await expect.poll(calls, { timeout: 20_000 }).toBe(800);
  const [sum] = await get('/admin/usage?from=2020-01-01');
  expect(sum.total_tokens).toBe(passed * 16);
});

it('both workers say the same of a limit, soon after it was used', { timeout: 60_000 }, async () => {
  const { get, chat } = await startWorkers();
  const statuses = [];
  for (let turn = 0; turn < 20; turn++) statuses.push(await chat());
  expect(new Set(statuses)).toEqual(new Set([200]));
  const used = async (): Promise<number> => {
    const states: Limit[] = await get('/admin/limits');
    return states.find(({ resource }) => resource === 'tokens')?.used ?? 0;
  };
  const all = async () => new Set(await Promise.all(Array.from({ length: 10 }, used)));
  await expect.poll(all, { timeout: 20_000, interval: 500 }).toEqual(new Set([20 * 16]));
});
