import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { Canaries } from './canaries.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface RunningCommand {
  readonly child: ChildProcess;
  readonly exit: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  stdout(): string;
  stderr(): string;
  /** The first match in what it prints on standard output; rejects when it ends before. */
  waitFor(pattern: RegExp): Promise<RegExpExecArray>;
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Options for Node itself. */
  readonly node?: readonly string[];
}

/** Runs `headrace ARGUMENTS` as a process of its own, with nothing of this environment; it ends with the test. */
export function runCommand(args: readonly string[], options: CommandOptions): RunningCommand {
  const child = spawn(process.execPath, [...(options.node ?? []), main, ...args], {
    cwd: options.cwd,
    env: { PATH: process.env.PATH ?? '', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  const exit = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal }));
  });
  const canaries = new Canaries();
  canaries.addKeys(options.env ?? {});
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exit;
    canaries.expectNoneIn('what the command prints', stdout + stderr);
  });
  const waitFor = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(stdout);
        if (match) resolve(match);
      };
      child.stdout.on('data', look);
      void exit.then(() => reject(new Error(`it ended without ${pattern}:\n${stdout}${stderr}`)));
      look();
    });
  return { child, exit, stdout: () => stdout, stderr: () => stderr, waitFor };
}
