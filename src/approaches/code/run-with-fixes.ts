import type { Reply } from '../reply.ts';
import type { Task } from '../solver.ts';
import type { CodeRun } from './run-code.ts';

/** How a program is run, and mended where that fails. */
export interface FixingOptions {
  /** How often it is mended at most. */
  readonly fixes: number;
  /** The program of a reply. */
  readonly read: (reply: Reply) => string;
  /** What is run for it; left out: the program as it is. */
  readonly whole?: (program: string) => string;
  /** What is wrong with a run; undefined: nothing. */
  readonly problem: (run: CodeRun) => string | undefined;
  /** Asks for a better program. */
  readonly fix: (program: string, problem: string) => Promise<Reply>;
}

/** The last run of a program, and what led to it. */
export interface FixedRun {
  /** In which the program stands. */
  readonly reply: Reply;
  readonly program: string;
  readonly run: CodeRun;
  /** What is still wrong; undefined: nothing. */
  readonly problem: string | undefined;
  /** How many there were. */
  readonly runs: number;
}

/** Runs the program of a reply, and has it mended with what was wrong, until it is good or there were enough fixes. */
export async function runWithFixes(task: Task, first: Reply, options: FixingOptions): Promise<FixedRun> {
  const { runCode } = await import('./run-code.ts'); // what starts processes is loaded when one is started
  const { read, whole, problem: problemOf, fix, fixes } = options;
  let reply = first;
  for (let runs = 1; ; runs++) {
    const program = read(reply);
    const run = await runCode(whole?.(program) ?? program, task.settings.codeExecution, task.signal);
    const problem = problemOf(run);
    if (problem === undefined || runs > fixes) return { reply, program, run, problem, runs };
    reply = await fix(program, problem);
  }
}
