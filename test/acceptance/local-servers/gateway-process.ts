import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import { writeConfig } from '../../harness/test-gateway.ts';

const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));

export interface CommandOptions {
  /** `start`, `check` ... and its flags; `--config-dir` is added where `files` are given. */
  readonly arguments: readonly string[];
  /** Files of the configuration folder, which is `config` in the working directory. */
  readonly files?: Readonly<Record<string, string>>;
  /** The whole environment of the process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A command line of Headrace in a process of its own, in an empty folder and with nothing of the test's environment. */
export class GatewayProcess {
  /** The exit code; null where a signal ended it. */
  readonly ended: Promise<number | null>;
  stdout = '';
  stderr = '';

  private constructor(child: ChildProcess) {
    this.ended = new Promise((resolve) => child.once('close', resolve));
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
  }

  /** Ends with the test. */
  static async run(options: CommandOptions): Promise<GatewayProcess> {
    const files = Object.entries(options.files ?? {}).map(([name, text]) => [`config/${name}`, text] as const);
    const folder = await writeConfig(Object.fromEntries(files));
    const child = spawn(process.execPath, [main, ...options.arguments], {
      cwd: folder,
      env: { ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const running = new GatewayProcess(child);
    onTestFinished(async () => {
      child.kill('SIGKILL');
      await running.ended;
    });
    return running;
  }

  get output(): string {
    return this.stdout + this.stderr;
  }

  /** Waits for what is printed. */
  async prints(text: string | RegExp): Promise<void> {
    const pattern = typeof text === 'string' ? text : text.source;
    const found = () => (typeof text === 'string' ? this.stdout.includes(text) : text.test(this.stdout));
    await expect.poll(found, { timeout: 15_000, interval: 10, message: `waiting for "${pattern}"` }).toBe(true);
  }

  /** Waits until it listens. @returns its URL */
  async listening(): Promise<string> {
    await this.prints(/listening on http\S+\n/);
    return /listening on (http\S+)/.exec(this.stdout)?.[1] as string;
  }

  /** The line that it printed about a backend. */
  line(start: string): string {
    return this.stdout.split('\n').find((line) => line.startsWith(start)) ?? '';
  }
}

/** `headrace start` on a free port. */
export function startProcess(
  flags: readonly string[],
  options: Omit<CommandOptions, 'arguments'> = {},
): Promise<GatewayProcess> {
  return GatewayProcess.run({ ...options, arguments: ['start', '--port', '0', ...flags] });
}

/** A port of 127.0.0.1 that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
