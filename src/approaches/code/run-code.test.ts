import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { hasSandbox, recipe, sandboxFromInput, sandboxWith, weakened } from '../../../test/harness/code-sandbox.ts';
import type { CodeExecutionConfig } from '../../config/approaches-config.ts';
import { runCode } from './run-code.ts';

const never = new AbortController().signal;
const run = (code: string, limits: Partial<CodeExecutionConfig> = {}, signal = never) =>
  runCode(code, sandboxWith(limits), signal);

/** Whether a process of this machine has the text in its command line. */
function isRunning(text: string): boolean {
  return readdirSync('/proc').some((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(text);
    } catch {
      return false; // it has just ended
    }
  });
}

async function isThere(text: string): Promise<void> {
  await expect.poll(() => isRunning(text), { timeout: 25_000 }).toBe(true);
}

async function isGone(text: string): Promise<boolean> {
  for (let tries = 0; tries < 200 && isRunning(text); tries++) await sleep(50);
  return !isRunning(text);
}

/** Python that leaves a child of that name, which has left its process group, closed everything and sleeps. */
function leavingChild(name: string): string {
  return `
import os, time
if os.fork() == 0:
    os.setsid()
    os.closerange(0, 100)
    os.execv("/usr/bin/python3", ["/usr/bin/python3", "-c", "import time; time.sleep(50)  # ${name}"])
time.sleep(.5)
`;
}

const someName = () => `mark-${Math.random().toString(36).slice(2)}`;

/** What runs leave in the folder for temporary things, which is the test's own. */
let temporary = '';

beforeEach(() => {
  const { TMPDIR } = process.env;
  temporary = mkdtempSync(join(tmpdir(), 'headrace-test-'));
  process.env.TMPDIR = temporary;
  onTestFinished(() => {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
    expect(readdirSync(temporary)).toEqual([]);
    rmSync(temporary, { recursive: true });
  });
});

describe.skipIf(!hasSandbox)('code in the sandbox of the page', { timeout: 60_000 }, () => {
  it('gives what it prints', async () => {
    const result = await run('import sys\nprint("héllo")\nprint("beside", file=sys.stderr)');
    expect(result).toEqual({ output: 'héllo\n', errors: 'beside\n', failure: undefined });
  });

  it('tells an error with its place, and an exit code', async () => {
    const result = await run('x = 1\nprint(x / 0)');
    expect(result.failure).toContain('1');
    expect(result.errors).toMatch(/program\.py", line 2[\s\S]*ZeroDivisionError/);
    expect((await run('raise SystemExit(7)')).failure).toContain('7');
    expect((await run('import os, signal\nos.kill(os.getpid(), signal.SIGKILL)')).failure).toBeDefined();
  });

  it('has no network', async () => {
    let connections = 0;
    const server = createServer((socket) => {
      connections++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    const result = await run(`import socket\nsocket.create_connection(("127.0.0.1", ${port}), 5)`);
    expect(result.errors).toMatch(/Connection ?Refused/i);
    expect((await run('import socket\nsocket.create_connection(("192.0.2.1", 80), 5)')).errors).toMatch(/unreachable/);
    expect(connections).toBe(0);
  });

  it('has no variables of ours, sees no files of ours, and writes none', async () => {
    process.env.HEADRACE_TEST_CANARY = 'canary';
    onTestFinished(() => void delete process.env.HEADRACE_TEST_CANARY);
    const result = await run(`
import os
print(sorted(os.environ))
print(os.path.exists(${JSON.stringify(import.meta.filename)}), os.path.exists("/etc/passwd"))
print(sorted(os.listdir("/code")), len([name for name in os.listdir("/proc") if name.isdigit()]) < 5)
open("/tmp/mine", "w").write("x")
for place in ("/usr/mine", "/code/mine"):
    try:
        open(place, "w")
    except OSError:
        print("refused")
`);
    expect(result.failure).toBeUndefined();
    const [names, seen, own, ...refused] = result.output.trim().split('\n');
    expect(names).not.toMatch(/CANARY|HOME|NODE/);
    expect(seen).toBe('False False');
    expect(own).toBe("['program.py'] True");
    expect(refused).toEqual(['refused', 'refused']);
  });

  it('gets no more memory', async () => {
    const result = await run('print(len(bytearray(300 * 1024 * 1024)))', { memoryBytes: 256 * 1024 * 1024 });
    expect(result.errors).toContain('MemoryError');
    expect((await run('print(len(bytearray(100 * 1024 * 1024)))')).output).toBe('104857600\n');
  });

  it.each(['print("x" * 999)', 'import os\nwhile True: os.write(2, b"x" * 999)'])(
    'is ended when it prints too much: %s',
    async (code) => {
      const { output, errors, failure } = await run(code, { outputBytes: 500 });
      expect(output.length + errors.length).toBe(500);
      expect(failure).toContain('500');
    },
  );

  it('is ended at the time limit, with children that have left its group', async () => {
    const name = someName();
    const code = `print("before", flush=True)\n${leavingChild(name)}\ntime.sleep(50)`;
    const started = performance.now();
    const ended = run(code, { timeoutMs: 5500 });
    await isThere(name);
    expect(await ended).toMatchObject({ output: 'before\n', failure: expect.stringContaining('5.5') });
    expect(performance.now() - started).toBeLessThan(30_000);
    expect(await isGone(name)).toBe(true);
  });

  it('leaves nothing behind when it ends by itself', async () => {
    const name = someName();
    expect((await run(leavingChild(name))).failure).toBeUndefined();
    expect(await isGone(name)).toBe(true);
  });

  it('is ended with many children at once', async () => {
    const name = someName();
    const code = `
import os, time
for _ in range(30):
    try:
        if os.fork() == 0:
            os.setsid()
            os.execv("/usr/bin/sleep", ["${name}", "40"])
    except OSError:
        break
time.sleep(40)
`;
    const controller = new AbortController();
    const ended = run(code, {}, controller.signal);
    await isThere(name);
    controller.abort();
    await expect(ended).rejects.toMatchObject({ code: 'client_closed_request' });
    expect(await isGone(name)).toBe(true);
  });

  it('is ended when the signal says so, and not begun when it has said so before', async () => {
    const name = someName();
    const controller = new AbortController();
    const ended = run(`${leavingChild(name)}\ntime.sleep(50)`, {}, controller.signal);
    await isThere(name);
    controller.abort();
    await expect(ended).rejects.toMatchObject({ code: 'client_closed_request' });
    expect(await isGone(name)).toBe(true);
    await expect(run('print(1)', {}, controller.signal)).rejects.toMatchObject({ code: 'client_closed_request' });
  });

  it('leaves no folder behind', async () => {
    const aborted = new AbortController();
    const runs = [
      run('1'),
      run('1/0'),
      run('while True: pass', { timeoutMs: 500 }),
      run('while True: pass', {}, aborted.signal),
    ];
    await expect.poll(() => readdirSync(temporary).length).toBeGreaterThan(0);
    setTimeout(() => aborted.abort(), 300);
    await Promise.allSettled(runs);
    expect(readdirSync(temporary)).toEqual([]);
  });

  it('may do as it likes in a folder of its own that is removed nevertheless', async () => {
    const command = sandboxWith().command.map((part, at, all) => (all[at + 1] === '{folder}' ? '--bind' : part));
    const code =
      'import os\nos.makedirs("/code/a/b")\nopen("/code/a/b/c", "w")\nos.symlink("/usr", "/code/a/l")\nos.chmod("/code/a/b", 0)\nos.chmod("/code/a", 0)';
    expect(await run(code, { command })).toEqual({ output: '', errors: '', failure: undefined });
    expect(readdirSync(temporary)).toEqual([]);
  });

  it('comes on standard input where the command names no folder', async () => {
    const code = `print(${JSON.stringify('x'.repeat(200_000))}[:3])`;
    expect(await run(code, { command: sandboxFromInput() })).toEqual({
      output: 'xxx\n',
      errors: '',
      failure: undefined,
    });
  });
});

describe.skipIf(!hasSandbox)('a process that ends while code runs', { timeout: 60_000 }, () => {
  it.each([
    ['exit', weakened(['--die-with-parent', []], ['--new-session', []])], // so that it is not the sandbox that does it
    ['SIGKILL', recipe.command],
  ])('takes the code with it: %s', async (how, command) => {
    const name = someName();
    const script = `
      import { runCode } from ${JSON.stringify(import.meta.resolve('./run-code.ts'))};
      const { code, settings } = JSON.parse(process.env.GIVEN);
      runCode(code, settings, new AbortController().signal);
      process.stdin.on('data', () => process.exit(0));
    `;
    const code = `${leavingChild(name)}\ntime.sleep(50)`;
    const env = { ...process.env, GIVEN: JSON.stringify({ code, settings: sandboxWith({ command }) }) };
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      env,
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    await isThere(name);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    if (how === 'exit') child.stdin.write('x');
    else child.kill('SIGKILL');
    await ended;
    expect(await isGone(name)).toBe(true);
    if (how === 'exit') expect(readdirSync(temporary)).toEqual([]);
    for (const left of readdirSync(temporary)) rmSync(join(temporary, left), { recursive: true }); // nobody is left to do it
  });
});

describe('a sandbox that is not there', () => {
  it.each([['no-such-sandbox'], ['/no/such/sandbox'], ['']])('is an error of the gateway: %j', async (name) => {
    const settings = sandboxWith({ command: [name, '{folder}'] });
    await expect(runCode('1', settings, never)).rejects.toMatchObject({ code: 'internal_error' });
  });
});
