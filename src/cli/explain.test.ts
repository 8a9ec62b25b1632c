import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { startFakeBackend } from '../../test/fake-backend/fake-backend.ts';
import { backendYaml, writeConfig } from '../../test/harness/test-gateway.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const key = 'sk-secret-canary-7777';

/** Runs the command to its end in this folder. */
async function explain(cwd: string, flags: readonly string[], input = '', env: Record<string, string> = { K: key }) {
  const child = spawn(process.execPath, [main, 'explain', ...flags], { cwd, env });
  onTestFinished(() => void child.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (piece) => {
    stdout += piece;
  });
  child.stderr.on('data', (piece) => {
    stderr += piece;
  });
  child.stdin.on('error', () => {}); // it may end without having read
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  expect(stdout + stderr).not.toMatch(/canary|7777/);
  return { code, stdout, stderr, lines: stdout.split('\n').filter(Boolean) };
}

async function folder(more = '') {
  const server = await startFakeBackend();
  const yaml = backendYaml(server.baseUrl, 'api_key_env_var: K\nmodels:\n  m:\n    limits: {max_input_tokens: 20}');
  const cwd = await writeConfig({
    'config/backends/a/backend.yaml': yaml,
    'request.json': '{"model":"a:free","messages":[{"role":"user","content":"hi"}]}',
    'long.json': JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'word '.repeat(50) }] }),
    'config/headrace.yaml': more,
  });
  return { server, cwd };
}

test('a request in a file that would be sent: exit code 0, and nothing is sent', async () => {
  const { server, cwd } = await folder();
  const { code, lines } = await explain(cwd, ['request.json']);
  expect(code).toBe(0);
  expect(lines[0]).toBe('request: POST /v1/chat/completions, 62 bytes');
  expect(lines).toContain(`upstream: POST ${server.baseUrl}/chat/completions`);
  expect(lines).toContain('changed "model": "a:free" -> "free"');
  expect(lines).toContain('limits: none');
  expect(lines.at(-1)).toBe('result: would be sent');
  expect(server.acceptedConnections).toBe(0);
});

test('a request that would be refused: exit code 1, and the body that the client would get', async () => {
  const { cwd } = await folder();
  const { code, lines } = await explain(cwd, ['long.json']);
  expect(code).toBe(1);
  expect(lines.at(-2)).toBe('result: refused with 400 context_length_exceeded');
  const body = JSON.parse(lines.at(-1)?.replace('the client would get: ', '') ?? '');
  expect(body.error.code).toBe('context_length_exceeded');
  expect(body.detail.details).toEqual({ model: 'm', limit: 20, measured: 58 });
});

test('standard input, another endpoint, and a key that is not set', async () => {
  const { cwd } = await folder();
  const body = '{"model":"a:e","input":"hi"}';
  const sent = await explain(cwd, ['-', '--endpoint', '/v1/embeddings'], body);
  expect([sent.code, sent.lines[0]]).toEqual([0, 'request: POST /v1/embeddings, 28 bytes']);
  const unset = await explain(cwd, ['-', '--endpoint', 'embeddings'], body, {});
  expect(unset.code).toBe(1);
  expect(unset.lines).toContain('key: from K, which is not set');
  expect(unset.lines.at(-2)).toBe('result: refused with 503 backend_unavailable');
});

test('a body that is too large', async () => {
  const { cwd } = await folder('limits: {max_request_bytes: 1024}\n');
  const { code, lines } = await explain(cwd, ['-'], `{"messages":[],"x":"${'y'.repeat(1100)}"}`);
  expect(code).toBe(1);
  expect(lines[0]).toBe('result: refused with 413 request_too_large');
});

test('what is no request at all', async () => {
  const { cwd } = await folder();
  const missing = await explain(cwd, ['absent.json']);
  expect([missing.code, missing.stdout]).toEqual([1, '']);
  expect(missing.stderr).toContain('cannot read absent.json');
  const endpoint = await explain(cwd, ['request.json', '--endpoint', 'chat']);
  expect([endpoint.code, endpoint.stdout]).toEqual([1, '']);
  expect(endpoint.stderr).toContain('--endpoint must be one of: chat/completions, completions, embeddings');
  const broken = await explain(cwd, ['-'], '{"model":');
  expect([broken.code, broken.lines.at(-2)]).toEqual([1, 'result: refused with 400 invalid_json']);
});
