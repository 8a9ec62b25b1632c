import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { writeConfig } from '../../test/harness/test-gateway.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { Secret } from '../secret.ts';
import { drillConfig } from './drill-config.ts';

const canary = 'sk-canary-of-a-real-key-1234';

async function load(): Promise<Config> {
  const cwd = await writeConfig({
    'config/backends/a/backend.yaml': [
      'backend_type: custom',
      'api_base_url: https://real.example.com/deep/v7?tenant=canary-tenant',
      'auth_type: custom',
      'auth_header: x-canary-header',
      'api_key_env_vars: [K, {name: L, weight: 3, requests_per_minute: 7}]',
      `headers: {x-more: ${canary}}`,
      'timeout: 20',
      'max_retries: 1',
      'models: {m: {limits: {context_window: 4000, tokens_per_minute: 9000}}}',
    ].join('\n'),
    'config/external-api-connectors.toml': `[a]\nbase_url = "https://other.example.com/v1"\napi_key = "${canary}"\n[a.c]\ninternal = "inner"\nexternal = "outer"\n`,
    'config/headrace.yaml': [
      'listen: {host: 127.0.0.1, port: 8123}',
      'keys: [{name: alice, key_env_var: ALICE}]',
      'routes: {r: {candidates: ["a:m", inner], timeouts: {first_token: 10}}}',
      'model_aliases: [{pattern: "r", model: "a:m"}]',
      'telemetry: {log_bodies: true, capture: {folder: capture}}',
    ].join('\n'),
  });
  const env = { K: canary, L: `${canary}-2`, ALICE: `${canary}-alice` };
  const { config, problems } = await loadConfig({ flags: {}, env, cwd });
  if (config === undefined) throw new Error(JSON.stringify(problems));
  return config;
}

/** All texts in a value, also those that secrets hide. */
function textsIn(value: unknown, seen = new Set<unknown>()): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null || seen.has(value)) return [];
  seen.add(value);
  if (value instanceof Secret) return [value.reveal()];
  if (Buffer.isBuffer(value)) return [value.toString('hex')];
  const parts = value instanceof Map ? [...value].flat() : Object.values(value);
  return parts.flatMap((part) => textsIn(part, seen));
}

const at = (port: number) => ({ baseUrl: `http://127.0.0.1:${port}/v1` }) as never;
const options = { limits: false, timeoutMs: 20_000, longestTryMs: 500 };

test('nothing that leads or tells anything out of the machine is in the copy', async () => {
  const config = await load();
  const real = textsIn(config).join('\n');
  for (const text of [canary, 'real.example.com', 'other.example.com', 'canary-tenant', 'x-canary-header'])
    expect(real).toContain(text);
  const made = drillConfig(config, { ...options, standIns: { of: () => at(11_111) } });
  const texts = textsIn(made).join('\n');
  expect(texts).not.toMatch(/canary|example\.com|deep\/v7|capture/);
  expect(inspect(made, { depth: 20 })).not.toMatch(/canary|example\.com/);
  expect(made.settings).toMatchObject({
    host: '127.0.0.1',
    port: 0,
    storage: { folder: undefined, url: undefined },
    workers: 1,
  });
  expect(made.keys.map(({ name }) => name)).toEqual(['drill']);
});

test('what decides how calls are tried stays, but for times and rates', async () => {
  const config = await load();
  const made = drillConfig(config, { ...options, standIns: { of: () => at(11_111) } });
  const backend = made.backends.get('a');
  expect(backend).toMatchObject({ timeoutMs: 500, maxRetries: 1, breaker: config.backends.get('a')?.breaker });
  expect(backend?.keys.map(({ weight, requestsPerMinute }) => [weight, requestsPerMinute])).toEqual([
    [1, undefined],
    [3, undefined],
  ]);
  expect(backend?.models.get('m')?.limits).toMatchObject({ contextWindow: 4000, tokensPerMinute: undefined });
  expect(made.routes.get('r')?.tiers).toEqual(config.routes.get('r')?.tiers);
  expect(made.routes.get('r')?.policy.firstOutputMs).toBe(500);
  expect(made.modelAliases).toEqual([]);
  const limited = drillConfig(config, { ...options, limits: true, standIns: { of: () => at(11_111) } });
  expect(limited.backends.get('a')?.models.get('m')?.limits.tokensPerMinute).toBe(9000);
  expect(limited.backends.get('a')?.keys[1]?.requestsPerMinute).toBe(7);
});

test('a stand-in anywhere else than on this machine is refused', async () => {
  const config = await load();
  const standIns = { of: () => ({ baseUrl: 'http://10.0.0.1:80/v1' }) as never };
  expect(() => drillConfig(config, { ...options, standIns })).toThrow(/backend a elsewhere than to its stand-in/);
});
