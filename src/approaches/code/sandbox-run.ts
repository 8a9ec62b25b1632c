import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';

/** What is run, and within which limits. */
export interface SandboxRunOptions {
  /** The sandbox with all of its arguments; the program by its path. */
  readonly command: readonly string[];
  /** What it starts in. */
  readonly folder: string;
  /** Given to it on its standard input. */
  readonly input: string;
  readonly timeoutMs: number;
  readonly memoryBytes: number;
  /** Of standard output and standard error together. */
  readonly outputBytes: number;
  /** Kills it. */
  readonly signal: AbortSignal;
  /** Kills it once this says so of what it printed until then. */
  readonly until?: (output: string) => boolean;
}

/** `exit`: by itself; `limit`: it printed too much; `until`: as it was to. */
export type RunEnd = 'exit' | 'timeout' | 'limit' | 'abort' | 'until';

/** What came of a run. Everything that it started is gone, unless it `lingers`. */
export interface SandboxRunResult {
  readonly ended: RunEnd;
  /** Undefined: a signal has ended it. */
  readonly exitCode: number | undefined;
  readonly output: string;
  readonly errors: string;
  /** Something of it still holds its output open, though it was killed. */
  readonly lingers: boolean;
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** How long the last of a killed sandbox may take to go away. */
const graceMs = 3000;

/** No dumps of memory, and no more memory than allowed for it and whatever it starts by itself. */
const limited = 'ulimit -c 0 && ulimit -v "$1" && shift && exec "$@"';

/** The process groups that run, with their folders; both end with this process. */
const running = new Map<number, string>();

/**
 * Runs a program in a sandbox: with an empty environment, and as a process group of its own, which is killed as a whole
 * in the end. What has left the group ends with the sandbox, as sandboxes with process namespaces of their own do it.
 * @throws Error where it cannot be started
 */
export async function runInSandbox(options: SandboxRunOptions): Promise<SandboxRunResult> {
  if (options.signal.aborted) return { ended: 'abort', exitCode: undefined, output: '', errors: '', lingers: false };
  const kilobytes = String(Math.floor(options.memoryBytes / 1024));
  const child = spawn('/bin/sh', ['-c', limited, 'sh', kilobytes, ...options.command], {
    cwd: options.folder,
    env: {},
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const isClosed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.stdin.on('error', () => {}); // it need not read its input
  child.stdin.end(options.input);
  return await new SandboxRun(child, options, isClosed).result();
}

class SandboxRun {
  readonly #child: Child;
  readonly #options: SandboxRunOptions;
  readonly #isClosed: Promise<void>;
  readonly #output: Buffer[] = [];
  readonly #errors: Buffer[] = [];
  #left: number;
  #ended: RunEnd = 'exit';

  constructor(child: Child, options: SandboxRunOptions, isClosed: Promise<void>) {
    this.#child = child;
    this.#options = options;
    this.#isClosed = isClosed;
    this.#left = options.outputBytes;
    child.stdout.on('data', (chunk: Buffer) => this.#take(chunk, this.#output));
    child.stderr.on('data', (chunk: Buffer) => this.#take(chunk, this.#errors));
  }

  async result(): Promise<SandboxRunResult> {
    const { signal, timeoutMs, folder } = this.#options;
    const { pid } = this.#child;
    if (pid !== undefined) remember(pid, folder);
    const timer = setTimeout(() => this.#end('timeout'), timeoutMs);
    const abort = () => this.#end('abort');
    signal.addEventListener('abort', abort, { once: true });
    try {
      const exitCode = await this.#exited();
      clearTimeout(timer);
      this.#kill(); // what it has left behind in its group
      const lingers = await this.#drained();
      const [output, errors] = [textOf(this.#output), textOf(this.#errors)];
      return { ended: this.#ended, exitCode, output, errors, lingers };
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      if (pid !== undefined) running.delete(pid);
    }
  }

  #exited(): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('exit', (code) => resolve(code ?? undefined));
    });
  }

  /** @returns whether somebody still holds the output */
  async #drained(): Promise<boolean> {
    const { stdin, stdout, stderr } = this.#child;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(true), graceMs);
    });
    const lingers = await Promise.race([this.#isClosed.then(() => false), late]);
    clearTimeout(timer);
    for (const stream of [stdin, stdout, stderr]) stream.destroy();
    return lingers;
  }

  #take(chunk: Buffer, into: Buffer[]): void {
    const part = chunk.subarray(0, this.#left);
    this.#left -= part.length;
    if (part.length > 0) into.push(part);
    if (part.length < chunk.length) this.#end('limit');
    else if (this.#options.until?.(textOf(this.#output)) === true) this.#end('until');
  }

  #end(ended: RunEnd): void {
    if (this.#ended === 'exit') this.#ended = ended;
    this.#kill();
  }

  #kill(): void {
    if (this.#child.pid !== undefined) killGroup(this.#child.pid);
  }
}

function remember(group: number, folder: string): void {
  if (running.size === 0) {
    process.removeListener('exit', clearAll);
    process.once('exit', clearAll);
  }
  running.set(group, folder);
}

function clearAll(): void {
  for (const group of running.keys()) killGroup(group);
  for (const folder of running.values()) rmSync(folder, { recursive: true, force: true });
}

function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it is gone already
  }
}

function textOf(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString('utf8');
}
