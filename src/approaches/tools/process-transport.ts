import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client';
import { LineSplitter } from './line-splitter.ts';
import { ServerFault } from './server-fault.ts';

export interface ProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** What it says on standard error, a line each. */
  readonly complained: (line: string) => void;
}

type Program = ChildProcessByStdio<Writable, Readable, Readable>;

/** A message that is longer ends the connection. */
const longestMessage = 10 * 1024 * 1024;
/** More of a line of standard error is left out. */
const longestComplaint = 64 * 1024;
/** How long a program may take to end by itself, and then how long once it has been told to. */
const patienceMs = 1000;
/** How long the output of a program that has ended is read. */
const lastWordsMs = 200;

/**
 * Speaks with a program by its standard streams, a JSON message a line. The program leads a process group of its own,
 * so that what it starts ends with it.
 */
export class ProcessTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  /** How the program ended; undefined: it runs, or never did. */
  ending: string | undefined;
  readonly #options: ProcessOptions;
  #program: Program | undefined;
  #gone: Promise<void> = Promise.resolve();

  constructor(options: ProcessOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#program?.pid;
  }

  start(): Promise<void> {
    const { command, args, env, complained } = this.#options;
    const program = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'], detached: true, windowsHide: true });
    this.#program = program;
    this.#gone = new Promise((resolve) => {
      program.once('exit', (code, signal) => {
        this.#exited(program, signal === null ? `code ${code}` : signal);
        resolve();
      });
      program.once('error', () => resolve()); // it could not be started
    });
    const messages = new LineSplitter(longestMessage, (line, isCut) => this.#read(line, isCut));
    const complaints = new LineSplitter(longestComplaint, complained);
    program.stdout.on('data', (chunk: Buffer) => messages.push(chunk));
    program.stderr.on('data', (chunk: Buffer) => complaints.push(chunk));
    for (const stream of [program.stdin, program.stdout, program.stderr]) {
      stream.on('error', (error: Error) => this.onerror?.(error));
    }
    return new Promise((resolve, reject) => {
      program.once('spawn', () => {
        running.add(program.pid as number);
        resolve();
      });
      program.once('error', reject);
    });
  }

  send(message: JSONRPCMessage): Promise<void> {
    const program = this.#program;
    const isGone = program === undefined || program.exitCode !== null || program.signalCode !== null;
    return new Promise((resolve, reject) => {
      if (isGone || !program.stdin.writable) return reject(new ServerFault('its program has ended', true));
      program.stdin.write(`${JSON.stringify(message)}\n`, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Closes its standard input, by which it should end; if it does not, it is told to, and at last killed. */
  async close(): Promise<void> {
    const program = this.#program;
    if (program?.pid === undefined) return;
    program.stdin.end();
    if (!(await this.#goneWithin(patienceMs))) signalGroup(program.pid, 'SIGTERM');
    if (!(await this.#goneWithin(patienceMs))) signalGroup(program.pid, 'SIGKILL');
    await this.#gone;
  }

  #read(line: string, isCut: boolean): void {
    if (isCut) {
      this.onerror?.(new Error('a message is too long'));
      void this.close();
      return;
    }
    if (line.trim() === '') return;
    try {
      this.onmessage?.(JSON.parse(line));
    } catch (error) {
      this.onerror?.(error as Error); // some programs print other things as well
    }
  }

  #exited(program: Program, how: string): void {
    const pid = program.pid as number;
    signalGroup(pid, 'SIGKILL'); // whatever it has started and left behind
    running.delete(pid);
    // What it wrote last is still read, but not waited for: another program may hold its output open.
    const timer = setTimeout(() => end(), lastWordsMs);
    const end = () => {
      clearTimeout(timer);
      if (this.ending !== undefined) return;
      this.ending = how;
      for (const stream of [program.stdin, program.stdout, program.stderr]) stream.destroy();
      this.onclose?.();
    };
    program.once('close', end);
  }

  #goneWithin(ms: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), ms);
    });
    return Promise.race([this.#gone.then(() => true), late]).finally(() => clearTimeout(timer));
  }
}

/** The leaders of the groups that run, which must not outlive a process that is made to end at once. */
const running = new Set<number>();
process.once('exit', () => {
  for (const pid of running) signalGroup(pid, 'SIGKILL');
});

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // Nothing of it is left, which some systems call a matter of permission.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}
