import { describe, expect, test } from 'vitest';
import { loadFiles, loadGood } from '../../test/goldens/config-folder.ts';
import type { BackendConfig } from './backend-config.ts';
import type { Config } from './config.ts';
import { impliedValues } from './written-values.ts';

const file = 'config/backends/mine/backend.yaml';
const base = 'backend_type: custom\napi_base_url: https://api.example.com/v1/\napi_key_env_var: MY_KEY\n';

function mine(config: Config | undefined): BackendConfig {
  const backend = config?.backends.get('mine');
  if (!backend) throw new Error('there is no such backend');
  return backend;
}

async function backendOf(yaml: string, env: Record<string, string> = { MY_KEY: 'k' }): Promise<BackendConfig> {
  return mine(await loadGood({ [file]: yaml }, env));
}

describe('several keys', () => {
  const pool = `${base.replace('api_key_env_var: MY_KEY\n', '')}api_key_env_vars: [A, {name: B, weight: 2.5, requests_per_minute: 60, tokens_per_minute: 9}]\n`;

  test('each with what holds for it, in the order of the file', async () => {
    const { keys, credential } = await backendOf(pool, { A: 'first-key-0001', B: ' "second-key-0002"\n' });
    expect(keys.map(({ credential: one }) => one.kind === 'key' && one.secret?.reveal())).toEqual([
      'first-key-0001',
      'second-key-0002',
    ]);
    expect(keys).toMatchObject([
      { weight: 1, requestsPerMinute: undefined, tokensPerMinute: undefined, credential: { source: 'A' } },
      { weight: 2.5, requestsPerMinute: 60, tokensPerMinute: 9, credential: { source: 'B', prefix: 'Bearer ' } },
    ]);
    expect(credential).toBe(keys[0]?.credential);
  });

  test('one that is not set is in the pool but not configured, and another stands for all', async () => {
    const { config, lines } = await loadFiles({ [file]: pool }, { A: ' ', B: 'second-key-0002' });
    expect(lines).toEqual([expect.stringContaining('warning: the environment variable A')]);
    const { keys, credential } = mine(config);
    expect(keys.map(({ credential: one }) => one.kind === 'key' && one.secret !== undefined)).toEqual([false, true]);
    expect(credential).toBe(keys[1]?.credential);
  });

  test('are shown by their variables and last four characters', async () => {
    const { config } = await loadFiles({ [file]: pool }, { B: 'second-key-0002' });
    const shown = impliedValues(mine(config));
    expect(shown.filter(({ name }) => name.startsWith('key'))).toEqual([
      { name: 'keys[0]', value: 'not set', source: 'environment A' },
      { name: 'keys[1]', value: 'env B ...0002', source: 'environment B' },
    ]);
    const single = impliedValues(await backendOf(base, { MY_KEY: 'only-key-of-all-0003' }));
    expect(single).toContainEqual({ name: 'key', value: 'env MY_KEY ...0003', source: 'environment MY_KEY' });
  });

  test('one key is a pool of one', async () => {
    const { keys, credential } = await backendOf(base);
    expect(keys).toEqual([{ credential, weight: 1, requestsPerMinute: undefined, tokensPerMinute: undefined }]);
    const none = await backendOf(base.replace(/api_key.*/, 'auth_type: none'), {});
    expect(none.keys).toMatchObject([{ credential: { kind: 'none', remedy: 'api_key_env_var' }, weight: 1 }]);
  });
});

describe('traffic', () => {
  test('what is written', async () => {
    const yaml = `${base}max_concurrent: 4\nqueue: {size: 0, timeout: 0.5}\nbreaker: {failures: 0, open: 1, longest: 90}\n`;
    const { concurrency, breaker } = await backendOf(yaml);
    expect(concurrency).toEqual({ maxConcurrent: 4, queueSize: 0, queueTimeoutMs: 500 });
    expect(breaker).toEqual({ failures: 0, openMs: 1000, longestMs: 90_000 });
  });

  test('what is not: any number at a time, a queue of 100, a breaker after 5 failures', async () => {
    const bare = await backendOf(base);
    expect([bare.concurrency, bare.breaker]).toEqual([undefined, { failures: 5, openMs: 5000, longestMs: 60_000 }]);
    const { concurrency } = await backendOf(`${base}max_concurrent: 4\n`);
    expect(concurrency).toEqual({ maxConcurrent: 4, queueSize: 100, queueTimeoutMs: 30_000 });
    const shown = impliedValues(await backendOf(`${base}max_concurrent: 4\nqueue: {size: 5}\n`));
    expect(shown.filter(({ name }) => /^(queue|breaker)/.test(name)).map(({ name, value }) => [name, value])).toEqual([
      ['queue.timeout', 30],
      ['breaker.failures', 5],
      ['breaker.open', 5],
      ['breaker.longest', 60],
    ]);
  });

  test('abilities, and prices in nano-dollars for one token', async () => {
    const models =
      'models: {m: {abilities: [tools, vision], prices: {input: 1.1, cached_input: 0.0125, output: 0}}, n: {abilities: []}, o: {prices: {input: 3}}, p: {}}\n';
    const found = [...(await backendOf(base + models)).models.values()].map(({ abilities, prices }) => [
      abilities,
      prices,
    ]);
    expect(found).toEqual([
      [new Set(['tools', 'vision']), { input: 1100, cachedInput: 12.5, output: 0 }],
      [new Set(), undefined],
      [undefined, { input: 3000, cachedInput: undefined, output: undefined }],
      [undefined, undefined],
    ]);
  });
});
