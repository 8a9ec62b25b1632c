import { describe, expect, test } from 'vitest';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { postJson, send } from '../../fake-backend/http-client.ts';
import { backendYaml } from '../../harness/test-gateway.ts';
import { chat, chatPath } from './chat.ts';
import { freePort, GatewayProcess, startProcess } from './gateway-process.ts';

describe('start lines (R9)', () => {
  test('A17 nothing listens: ready all the same, said, 502, and used once it is up', async () => {
    const port = await freePort();
    const gateway = await startProcess(['--base-url', `http://127.0.0.1:${port}`]);
    const url = await gateway.listening();
    expect((await send(`${url}/health/ready`)).status).toBe(200);
    await gateway.prints('unreachable (connection refused)');
    expect(gateway.line('backend default')).toContain(`http://127.0.0.1:${port}/v1, key none`);
    expect((await postJson(url + chatPath, chat())).text).toContain('upstream_unreachable');
    await startFakeBackend({ port });
    const status = async () => (await postJson(url + chatPath, chat())).status;
    await expect.poll(status, { timeout: 20_000 }).toBe(200);
  });

  test('A19 three backends: name, URL, source of the key and state, and no secret', async () => {
    const keyless = await startFakeBackend({ models: ['a', 'b', 'c'] });
    const guarded = await startFakeBackend({ models: ['one'], require_key: 'right-key-0123456789-abcd' });
    const gateway = await startProcess([], {
      files: {
        'backends/keyless/backend.yaml': backendYaml(keyless.baseUrl),
        'backends/guarded/backend.yaml': backendYaml(guarded.baseUrl, 'api_key_env_var: RIGHT'),
        'backends/wrong/backend.yaml': backendYaml(guarded.baseUrl, 'api_key_env_var: WRONG'),
        'backends/short/backend.yaml': backendYaml(guarded.baseUrl, 'api_key_env_var: SHORT'),
        'backends/unset/backend.yaml': backendYaml(guarded.baseUrl, 'api_key_env_var: UNSET_KEY'),
      },
      env: { RIGHT: 'right-key-0123456789-abcd', WRONG: 'wrong-key-0123456789-wxyz', SHORT: 'shortsecret' },
    });
    for (const name of ['keyless', 'guarded', 'wrong', 'short', 'unset']) await gateway.prints(`backend ${name}: `);
    expect(gateway.line('backend keyless')).toContain(`${keyless.baseUrl}, key none, reachable, 3 models`);
    expect(gateway.line('backend guarded')).toContain(`${guarded.baseUrl}, key from RIGHT`);
    expect(gateway.line('backend guarded')).toContain('reachable, 1 model');
    expect(gateway.line('backend wrong')).toContain('key refused (401)');
    expect(gateway.line('backend unset')).toContain('key from UNSET_KEY: not set');
    expect(gateway.output).not.toMatch(/right-key|wrong-key|shortsecret|cret\b/);
    expect(guarded.posts()).toEqual([]);
    expect([...keyless.requests, ...guarded.requests].map(({ method, path }) => `${method} ${path}`)).toEqual(
      Array(4).fill('GET /v1/models'),
    );
  });

  test('loading, no answer, no such name, an error page: said as they are, and readiness waits for none', async () => {
    const path = '/v1/models';
    const loading = await startFakeBackend({ routes: [{ path, replies: [{ loading_model: true }] }] });
    const hanging = await startFakeBackend({ routes: [{ path, replies: [{ hang: true }] }] });
    const odd = await startFakeBackend({ routes: [{ path, replies: [{ status: 404, text: 'what?' }] }] });
    const at = (name: string, url: string) => [`backends/${name}/backend.yaml`, backendYaml(url)] as const;
    const files = Object.fromEntries([
      at('loading', loading.baseUrl),
      at('hanging', hanging.baseUrl),
      at('odd', odd.baseUrl),
      at('nameless', 'http://a..test/v1'),
    ]);
    const gateway = await startProcess([], { files });
    const url = await gateway.listening();
    expect((await send(`${url}/health/ready`)).status).toBe(200);
    expect(gateway.line('backend hanging')).toBe('');
    const since = performance.now();
    await gateway.prints('backend hanging: ');
    expect(performance.now() - since).toBeLessThan(5000);
    expect(gateway.line('backend hanging')).toContain('unreachable (no answer in 2 s)');
    expect(gateway.line('backend loading')).toContain('loading model');
    expect(gateway.line('backend nameless')).toContain('unreachable (name not found)');
    expect(gateway.line('backend odd')).toContain(', reachable');
  });

  test('R4 the line of --base-url says that URL and key are one pair', async () => {
    const backend = await startFakeBackend({ require_key: 'key-0123456789' });
    const env = { OPENAI_BASE_URL: backend.url, OPENAI_API_KEY: 'key-0123456789', GROQ_API_KEY: 'g' };
    const gateway = await startProcess([], { env });
    await gateway.prints('reachable');
    expect(gateway.line('backend default')).toContain('key from OPENAI_API_KEY (...6789)');
    expect(gateway.line('backend default')).toMatch(/OPENAI_BASE_URL and OPENAI_API_KEY are one pair/);
    expect(gateway.stdout.split('\n').filter((line) => line.startsWith('backend '))).toHaveLength(1);
  });
});

describe('what does not start (A20, R7)', () => {
  const yaml = (text: string) => ({ files: { 'backends/a/backend.yaml': text } });
  const head = 'backend_type: custom\n';

  test.each([
    [
      'an unset variable',
      yaml(`${head}api_base_url: http://\${MISSING}/v1\nauth_type: none\n`),
      'config/backends/a/backend.yaml:2:',
      'MISSING',
    ],
    [
      'an unknown setting',
      yaml(`${head}api_base_url: http://h/v1\nauth_type: none\ntimeuot: 5\n`),
      'config/backends/a/backend.yaml:4:1',
      'did you mean timeout',
    ],
    [
      'broken YAML',
      yaml(`${head}api_base_url: [http://h/v1\nauth_type: none\n`),
      'config/backends/a/backend.yaml:',
      'backend.yaml',
    ],
    [
      'auth_type none with a variable',
      yaml(`${head}api_base_url: http://h/v1\nauth_type: none\napi_key_env_var: K\n`),
      'config/backends/a/backend.yaml:4:',
      'api_key_env_var',
    ],
    [
      'an unknown setting of headrace.yaml',
      { files: { 'headrace.yaml': 'lisen: {port: 1}\n' } },
      'headrace.yaml:1:1',
      'listen',
    ],
  ])('A20 %s: exit 1 with file, line and name', async (_what, options, place, name) => {
    const run = await GatewayProcess.run({ ...options, arguments: ['start'] });
    expect(await run.ended).toBe(1);
    expect(run.stderr).toContain(place);
    expect(run.stderr).toContain(name);
    expect(run.stdout).toBe('');
  });

  test.each([
    ['localhost:8080', 'http://localhost:8080'],
    ['http://user:pa55word@h/v1', 'OPENAI_API_KEY'],
    ['http://127.0.0.1:8765/v1', '--port'],
  ])('R7 --base-url %s', async (url, text) => {
    const run = await GatewayProcess.run({ arguments: ['start', '--port', '8765', '--base-url', url] });
    expect(await run.ended).toBe(1);
    expect(run.stderr).toContain('--base-url');
    expect(run.stderr).toContain(text);
    expect(run.output).not.toContain('pa55word');
  });

  test('R7 a port in use names the port and --port', async () => {
    const taken = await startFakeBackend();
    const run = await GatewayProcess.run({ arguments: ['start', '--port', `${taken.port}`] });
    expect(await run.ended).toBe(1);
    expect(run.stderr).toContain(`port ${taken.port}`);
    expect(run.stderr).toContain('--port');
  });

  test('A20 flag over environment for the URL, as --print-config shows', async () => {
    const env = { OPENAI_BASE_URL: 'http://127.0.0.1:2', OPENAI_API_KEY: 'key-0123456789-abcd' };
    const flags = ['start', '--print-config', '--base-url', 'http://127.0.0.1:1/'];
    const run = await GatewayProcess.run({ arguments: flags, env });
    expect(await run.ended).toBe(0);
    expect(run.stdout).toMatch(/base_url = http:\/\/127\.0\.0\.1:1\/v1 {2}\(flag --base-url\)/);
    expect(run.output).not.toContain('127.0.0.1:2');
    expect(run.output).not.toContain('key-0123456789');
    const other = await GatewayProcess.run({ arguments: ['start', '--print-config'], env });
    await other.ended;
    expect(other.stdout).toMatch(/base_url = http:\/\/127\.0\.0\.1:2\/v1 {2}\(environment OPENAI_BASE_URL\)/);
  });
});
