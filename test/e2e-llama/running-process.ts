import { type ChildProcess, spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';

export interface ProcessOptions {
  readonly command: string;
  readonly arguments: readonly string[];
  /** The whole environment of the child; nothing else is inherited. */
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string;
  /** Ends the child. */
  readonly signal: AbortSignal;
  /** Gives way to everything else on the machine. */
  readonly patient?: boolean;
}

/** How long a child may take to end after SIGTERM before it is killed, in milliseconds. */
const stopTimeout = 10_000;

/** A child process with its own process group, and everything that it has written. Not for Windows. */
export class RunningProcess {
  readonly #child: ChildProcess;
  readonly #closed: Promise<void>;
  #output = '';
  #failure: Error | undefined;

  constructor(options: ProcessOptions) {
    this.#child = spawn(options.command, options.arguments, {
      cwd: options.folder,
      env: options.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true, // a group of its own, so that the children of a build end with it
    });
    this.#child.on('error', (error) => {
      this.#failure ??= error;
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (part: string) => {
        this.#output += part;
      });
    }
    const kill = () => this.#kill('SIGTERM');
    options.signal.addEventListener('abort', kill);
    process.once('exit', kill); // also when this process crashes
    this.#closed = new Promise((resolve) =>
      this.#child.once('close', () => {
        options.signal.removeEventListener('abort', kill);
        process.removeListener('exit', kill);
        resolve();
      }),
    );
    if (options.signal.aborted) kill();
    if (options.patient && this.#child.pid !== undefined) setPriority(this.#child.pid, constants.priority.PRIORITY_LOW);
  }

  /** Standard output and standard error, as they came. */
  get output(): string {
    return this.#output;
  }

  get isRunning(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** How it ended, and its last lines. */
  describe(): string {
    const end = this.#failure?.message ?? `exit code ${this.#child.exitCode ?? this.#child.signalCode}`;
    return `${end}\n${this.#output.split('\n').slice(-20).join('\n')}`;
  }

  /** @returns the exit code; null if it could not start or was killed */
  async ended(): Promise<number | null> {
    await this.#closed;
    return this.#failure === undefined ? this.#child.exitCode : null;
  }

  /** SIGTERM, and SIGKILL if that is not obeyed. */
  async stop(): Promise<void> {
    if (!this.isRunning) return;
    this.#kill('SIGTERM');
    const timer = setTimeout(() => this.#kill('SIGKILL'), stopTimeout);
    await this.#closed;
    clearTimeout(timer);
  }

  #kill(signal: NodeJS.Signals): void {
    if (this.isRunning && this.#child.pid !== undefined) process.kill(-this.#child.pid, signal);
  }
}

/** Runs a command to its end. `output` says also how it ended where there is no exit code. */
export async function runToEnd(options: ProcessOptions): Promise<{ code: number | null; output: string }> {
  const running = new RunningProcess(options);
  const code = await running.ended();
  return { code, output: code === null ? running.describe() : running.output };
}
