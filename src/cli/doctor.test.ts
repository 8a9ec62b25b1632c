import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { startFakeBackend } from '../../test/fake-backend/fake-backend.ts';
import { backendYaml, writeConfig } from '../../test/harness/test-gateway.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));

/** Runs the command to its end in a folder of its own. */
async function doctor(given: {
  arguments?: readonly string[];
  files?: Readonly<Record<string, string>>;
  env?: Readonly<Record<string, string>>;
}) {
  const files = Object.entries(given.files ?? {}).map(([name, text]) => [`config/${name}`, text]);
  const cwd = await writeConfig(Object.fromEntries(files));
  const child = spawn(process.execPath, [main, 'doctor', ...(given.arguments ?? [])], { cwd, env: { ...given.env } });
  onTestFinished(() => void child.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (piece) => {
    stdout += piece;
  });
  child.stderr.on('data', (piece) => {
    stderr += piece;
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout, stderr, lines: stdout.split('\n').filter(Boolean) };
}

const key = 'sk-secret-canary-7777';

test('a line per backend and provider in the order of the configuration, and nothing of a key', async () => {
  const provider = await startFakeBackend({ require_key: key });
  // All are asked at the same time: the first answers only after the last has been asked.
  const first = await startFakeBackend({
    profile: 'llama-server',
    replies: async () => {
      await provider.waitForPost(1);
      return {};
    },
  });
  const guarded = await startFakeBackend({ profile: 'vllm', require_key: 'another', models: ['m'] });
  const toml = `[p]\nbase_url = "${provider.baseUrl}"\napi_key = "${key}"\n[p.c]\ninternal = "i"\nexternal = "outside"\n`;
  const { code, lines, stdout, stderr } = await doctor({
    files: {
      'backends/a/backend.yaml': backendYaml(first.baseUrl),
      'backends/b/backend.yaml': backendYaml(guarded.baseUrl, 'api_key_env_var: K\ndefault_model: m'),
      'backends/c/backend.yaml': backendYaml('http://127.0.0.1:9/v1', 'api_key_env_var: NOT_SET'),
      'external-api-connectors.toml': toml,
    },
    env: { K: key },
  });
  expect(code).toBe(1);
  expect(lines).toHaveLength(4);
  expect(lines[0]).toMatch(/^backend a: ok in \d+ ms \(http:\/\/127\.0\.0\.1:\d+\/v1, key none, model mock\.gguf\)$/);
  expect(lines[1]).toMatch(
    /^backend b: .*answered 401: the key came from K and ends in \.\.\.7777; correct the key in K$/,
  );
  expect(lines[2]).toBe('backend c: not asked, as its key is missing: NOT_SET is not set; set NOT_SET');
  expect(lines[3]).toMatch(/^provider p: ok in \d+ ms .*, model outside\)$/);
  expect(stdout + stderr).not.toContain('canary');
});

test('one by its name: the others are not asked, and it alone decides', async () => {
  const good = await startFakeBackend();
  const other = await startFakeBackend({ require_key: 'k' });
  const files = {
    'backends/good/backend.yaml': backendYaml(good.baseUrl),
    'backends/other/backend.yaml': backendYaml(other.baseUrl),
  };
  const one = await doctor({ arguments: ['good'], files });
  expect([one.code, one.lines.length, other.requests.length]).toEqual([0, 1, 0]);
  expect(one.lines[0]).toMatch(/^backend good: ok in/);
  const unknown = await doctor({ arguments: ['goood'], files });
  expect(unknown.code).toBe(1);
  expect(unknown.stdout).toBe('');
  expect(unknown.stderr).toContain(
    'there is no backend or provider "goood" (did you mean good?); there are: good, other',
  );
  expect(good.posts()).toHaveLength(1);
});

test('with nothing configured the demo answers', async () => {
  const { code, lines } = await doctor({});
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^backend demo: ok in \d+ ms/);
  expect(code).toBe(0);
});

test('a path that is wrong, with what to write', async () => {
  const server = await startFakeBackend({ profile: 'lm-studio' });
  const { code, stdout } = await doctor({ arguments: ['--base-url', `${server.url}/api`] });
  expect(code).toBe(1);
  expect(stdout).toMatch(/^backend default: the URL's path is wrong: /);
  expect(stdout).toContain(`write --base-url ${server.url}/v1, which answers\n`);
});

test('a configuration with errors asks nobody', async () => {
  const server = await startFakeBackend();
  const yaml = backendYaml(server.baseUrl, 'auth_type: none\nmax_retry: 1');
  const { code, stdout, stderr } = await doctor({ files: { 'backends/a/backend.yaml': yaml } });
  expect([code, stdout, server.requests.length]).toEqual([1, '', 0]);
  expect(stderr).toContain('max_retry');
});
