import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface OwnedProcessOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** The file that takes its outputs. */
  readonly log: string;
  /** The one processor that it may run on. */
  readonly core?: number;
}

const alive = new Set<OwnedProcess>();
process.on('exit', () => {
  for (const owned of alive) owned.signal('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1));

/** A process with all its children, which ends with this one at the latest. */
export class OwnedProcess {
  readonly log: string;
  readonly #child: ChildProcess;
  readonly #gone: Promise<void>;

  constructor(command: readonly string[], options: OwnedProcessOptions) {
    const pinned = options.core === undefined ? command : ['taskset', '-c', String(options.core), ...command];
    const output = openSync(options.log, 'w');
    this.log = options.log;
    this.#child = spawn(pinned[0] as string, pinned.slice(1), {
      stdio: ['ignore', output, output],
      env: { ...process.env, ...options.env },
      detached: true, // a process group of its own, which one signal reaches
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    closeSync(output);
    alive.add(this);
    this.#gone = new Promise((resolve) => {
      const end = () => {
        alive.delete(this);
        resolve();
      };
      this.#child.once('exit', end);
      this.#child.once('error', end);
    });
  }

  get ended(): boolean {
    return !alive.has(this);
  }

  /** The ids of the process and of all its descendants. */
  ids(): number[] {
    return descend(this.#child.pid);
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  /** Asks it to end, then makes it end. */
  async stop(): Promise<void> {
    this.signal('SIGTERM');
    const ended = await Promise.race([this.#gone.then(() => true), sleep(8000, false, { ref: false })]);
    if (ended) return;
    this.signal('SIGKILL');
    await this.#gone;
  }
}

function descend(id: number | undefined): number[] {
  if (id === undefined) return [];
  try {
    const threads = readdirSync(`/proc/${id}/task`);
    const children = threads.flatMap((thread) =>
      readFileSync(`/proc/${id}/task/${thread}/children`, 'utf8').split(' '),
    );
    return [id, ...children.filter(Boolean).flatMap((child) => descend(Number(child)))];
  } catch {
    return [id]; // it ended while it was looked at
  }
}
