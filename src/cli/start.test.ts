import { describe, expect, it } from 'vitest';
import { startFakeBackend } from '../../test/fake-backend/fake-backend.ts';
import { runCommand } from '../../test/harness/command-line.ts';
import { backendYaml, writeConfig } from '../../test/harness/test-gateway.ts';

const chat = (url: string, model: string, more: object = {}) =>
  fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'hello' }], ...more }),
  });

async function ready(command: ReturnType<typeof runCommand>): Promise<string> {
  const [, url] = await command.waitFor(/listening on (http:\S+)/);
  return url as string;
}

describe('headrace start', () => {
  it('needs nothing: the printed line answers, and SIGTERM ends it', async () => {
    const command = runCommand(['start', '--port', '0'], { cwd: await writeConfig({}) });
    const url = await ready(command);
    const [, body] = await command.waitFor(/try: curl .* -d '(.*)'/);
    const answer = await fetch(`${url}/v1/chat/completions`, { method: 'POST', body: body as string });
    expect(await answer.json()).toMatchObject({ choices: [{ message: { content: 'Hello!' } }] });
    command.child.kill('SIGTERM');
    expect(await command.exit).toEqual({ code: 0, signal: null });
    expect(command.stderr()).toContain('"backend":"demo"');
  });

  it('is the default command', async () => {
    const command = runCommand(['--port', '0'], { cwd: await writeConfig({}) });
    expect((await fetch(`${await ready(command)}/health/ready`)).status).toBe(200);
  });

  it('lets a running stream end after SIGTERM, while it takes nothing new', async () => {
    const backend = await startFakeBackend([{ chunk_delay_ms: 150 }]);
    const cwd = await writeConfig({ 'config/backends/a/backend.yaml': backendYaml(`${backend.url}/v1`) });
    const command = runCommand(['start', '--port', '0'], { cwd });
    const url = await ready(command);
    const answer = await chat(url, 'a:m', { stream: true });
    command.child.kill('SIGTERM');
    const text = await answer.text();
    expect(text).toMatch(/hello/);
    expect(text).toMatch(/data: \[DONE\]/);
    expect((await command.exit).code).toBe(0);
    await expect(fetch(`${url}/health`)).rejects.toThrow();
  });

  it('says which port is in use', async () => {
    const backend = await startFakeBackend();
    const command = runCommand(['start', '--port', String(backend.port)], { cwd: await writeConfig({}) });
    expect((await command.exit).code).toBe(1);
    expect(command.stderr()).toContain(`port ${backend.port} of 127.0.0.1 is in use; choose another with --port`);
  });

  it('reads .env of the working directory, and prints where each setting comes from', async () => {
    const cwd = await writeConfig({ '.env': 'HEADRACE_PORT=4321\n', 'config/headrace.yaml': 'log_level: warn\n' });
    const command = runCommand(['start', '--print-config', '--force-context-window', '9'], { cwd });
    expect((await command.exit).code).toBe(0);
    expect(command.stdout()).toMatch(/listen\.port = 4321 {2}\(environment HEADRACE_PORT\)/);
    expect(command.stdout()).toMatch(/log_level = warn {2}\(.*headrace\.yaml:1:12\)/);
    expect(command.stdout()).toMatch(/force_context_window = 9 {2}\(flag --force-context-window\)/);
    expect(command.stdout()).toMatch(/listen\.host = 127\.0\.0\.1 {2}\(default\)/);
  });
});

describe('headrace start --workers', () => {
  it('holds a limit exactly over all workers, and shows one page of metrics', async () => {
    const backend = await startFakeBackend();
    const models = 'auth_type: none\nmodels: {m: {limits: {requests_per_minute: 7}}}';
    const cwd = await writeConfig({ 'config/backends/a/backend.yaml': backendYaml(`${backend.url}/v1`, models) });
    const command = runCommand(['start', '--port', '0', '--workers', '3'], { cwd });
    const url = await ready(command);
    const answers = await Promise.all(
      Array.from({ length: 40 }, async () => {
        const answer = await chat(url, 'a:m');
        await answer.text();
        return answer.status;
      }),
    );
    expect(answers.filter((status) => status === 200)).toHaveLength(7);
    expect(answers.filter((status) => status === 429)).toHaveLength(33);
    expect(backend.posts()).toHaveLength(7);
    const page = await (await fetch(`${url}/metrics`)).text();
    expect(page).toMatch(/^headrace_requests_total\{.*status="200".*\} 7$/m);
    expect(page).toMatch(/^headrace_requests_total\{.*status="429".*\} 33$/m);
    command.child.kill('SIGTERM');
    expect((await command.exit).code).toBe(0);
  });
});
