import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { formatProblem } from '../../../src/config/problem.ts';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { postJson, send } from '../../fake-backend/http-client.ts';
import { backendYaml, writeConfig } from '../../harness/test-gateway.ts';
import { GatewayProcess, startProcess } from '../local-servers/gateway-process.ts';
import { canaries, canaryKey, expectNoCanary } from './canaries.ts';

const env = {
  BACKEND_KEY: canaries.backend,
  SHORT_KEY: canaries.short,
  PROVIDER_KEY: canaries.provider,
  USER_KEY: canaries.user,
  HEADRACE_ADMIN_KEY: canaries.admin,
  OPENAI_API_KEY: canaries.wrong,
};

function goodFiles(url: string): Record<string, string> {
  return {
    'backends/keyed/backend.yaml': backendYaml(url, 'api_key_env_var: BACKEND_KEY'),
    'backends/short/backend.yaml': backendYaml(url, 'api_key_env_var: SHORT_KEY'),
    'external-api-connectors.toml': `[p]\nbase_url = "${url}"\napi_key = "\${PROVIDER_KEY}"\n[p.c]\ninternal = "i"\nexternal = "e"
[o]\nbase_url = "${url}"\n[o.oauth]\nprivate_key = """${canaryKey}"""\ntoken_url = "http://127.0.0.1:9/t"\nissuer = "i"\naudience = "a"\n[o.c]\ninternal = "j"\nexternal = "e"\n`,
    'headrace.yaml': 'keys:\n  - {name: someone, key_env_var: USER_KEY}\n',
  };
}

describe('secrets on the command line', () => {
  test('start lines and the log, at the level trace', async () => {
    const backend = await startFakeBackend({ require_key: 'another' });
    const gateway = await startProcess(['--log-level', 'trace', '--base-url', backend.url], {
      files: goodFiles(backend.baseUrl),
      env,
    });
    const url = await gateway.listening();
    for (const line of ['backend default', 'backend keyed', 'backend short', 'provider p', 'provider o']) {
      await gateway.prints(`${line}: `);
    }
    const headers = { authorization: `Bearer ${canaries.user}` };
    const body = { messages: [{ role: 'user', content: canaries.prompt }] };
    for (const model of ['keyed:m', 'short:m', 'i', 'm']) {
      expect((await postJson(`${url}/v1/chat/completions`, { ...body, model }, { headers })).status).toBe(502);
    }
    await send(`${url}/v1/models`, { headers: { 'x-api-key': canaries.wrong } });
    await expect.poll(() => gateway.stderr, { timeout: 20_000 }).toContain('invalid_api_key');
    expect(gateway.stderr.match(/upstream_auth_failed/g)?.length).toBeGreaterThanOrEqual(4);
    expectNoCanary('the output', gateway.output);
  });

  test('check and --print-config of a good configuration', async () => {
    const files = goodFiles('http://127.0.0.1:9/v1');
    for (const flags of [['check'], ['start', '--print-config', '--base-url', 'http://127.0.0.1:8/v1']]) {
      const run = await GatewayProcess.run({ arguments: flags, files, env });
      expect(await run.ended).toBe(0);
      expect(run.stdout).not.toBe('');
      expectNoCanary(flags.join(' '), run.output);
      if (flags[0] === 'start') expect(run.stdout).toContain('...last');
    }
  });

  const yaml = (text: string) => ({ 'backends/a/backend.yaml': text });
  const head = 'backend_type: custom\napi_base_url: http://h/v1\n';
  const toml = (text: string) => ({ 'external-api-connectors.toml': text });
  const table = `[p]\nbase_url = "http://h/v1"\n`;
  const secret = canaries.backend;

  test.each<[string, Record<string, string>]>([
    ['as the name of the variable', yaml(`${head}api_key_env_var: ${secret}\n`)],
    ['as api_key', yaml(`${head}api_key: ${secret}\n`)],
    ['as auth_type', yaml(`${head}auth_type: ${secret}\n`)],
    ['in a header with a line break', yaml(`${head}auth_type: none\nheaders: {X-Key: "${secret}\\n${secret}"}\n`)],
    ['as a number of seconds', yaml(`${head}auth_type: none\ntimeout: ${secret}\n`)],
    ['as a URL', yaml(`backend_type: custom\napi_base_url: ${secret}\nauth_type: none\n`)],
    ['in a URL', yaml(`backend_type: custom\napi_base_url: http://u:${canaries.url}@h/v1\nauth_type: none\n`)],
    ['in broken YAML', yaml(`${head}api_key_env_var: [${secret}\n`)],
    ['in YAML with a wrong indentation', yaml(`${head} api_key: "${secret}\n`)],
    ['in a key of the gateway', { 'headrace.yaml': `keys:\n  - {name: a, key: ${secret}}\n` }],
    ['as a digest', { 'headrace.yaml': `keys:\n  - {name: a, sha256: ${secret}}\n` }],
    ['as a variable of a key', { 'headrace.yaml': `keys:\n  - {name: a, key_env_var: ${secret}}\n` }],
    ['in a text that is not closed', toml(`${table}api_key = "${secret}\n`)],
    ['in TOML without quotes', toml(`${table}api_key = ${secret}\n`)],
    ['in a wrong field', toml(`${table}api_kye = "${secret}"\n`)],
    ['as base_url', toml(`[p]\nbase_url = "${secret}"\napi_key = "k"\n`)],
    ['in base_url', toml(`[p]\nbase_url = "http://u:${canaries.url}@h/v1"\napi_key = "k"\n`)],
    ['at the top level', toml(`api_key = "${secret}"\n`)],
    ['in a list', toml(`${table}api_key = ["${secret}"]\n`)],
    ['twice', toml(`${table}api_key = "${secret}"\napi_key = "${canaries.provider}"\n`)],
    ['with a line break', toml(`${table}api_key = "${secret}\\n${secret}"\n[p.c]\ninternal = "a"\nexternal = "b"\n`)],
    [
      'in the table of a connector',
      toml(`${table}api_key = "k"\n[p.c]\ninternal = "a"\nexternal = "b"\napi_key = "${secret}"\n`),
    ],
    [
      'as a broken private key',
      toml(`${table}[p.oauth]\nprivate_key = """${canaryKey.replace('BEGIN', 'BEGUN')}"""\n`),
    ],
    ['as another private key', toml(`${table}[p.oauth]\nprivate_key = "${secret}"\n`)],
  ])('a key %s: the problem says that it is wrong and not what it is', async (_where, files) => {
    const cwd = await writeConfig(
      Object.fromEntries(Object.entries(files).map(([name, text]) => [`config/${name}`, text])),
    );
    const { problems, config } = await loadConfig({ flags: {}, env: {}, cwd });
    const lines = problems.map(formatProblem).join('\n'); // what check, start and a reload print
    expect(config).toBeUndefined();
    expect(lines).toMatch(/^config\/.*:\d+:\d+: /);
    expectNoCanary('the lines', lines);
    expectNoCanary('the problems', JSON.stringify(problems));
  });

  test('check prints those lines and no more', async () => {
    const files = toml(`${table}api_key = "${secret}\n`);
    const run = await GatewayProcess.run({ arguments: ['check'], files });
    expect(await run.ended).toBe(1);
    expect(run.stderr).toMatch(/^config\/external-api-connectors\.toml:3:\d+: /);
    expectNoCanary('what check prints', run.output);
  });
});
