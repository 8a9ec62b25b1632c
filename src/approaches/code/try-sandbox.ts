import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import type { CodeExecutionConfig } from '../../config/approaches-config.ts';
import type { SandboxFindings } from '../../config/code-sandbox.ts';
import { runProgram } from './run-program.ts';
import type { SandboxRunResult } from './sandbox-run.ts';
import { type TrialReport, trialProgram } from './trial-program.ts';

const trialLimits = { timeoutMs: 20_000, outputBytes: 1024 * 1024 };

/** Of variables that say nothing: they are the same on many machines. */
const harmless = /^(?:PATH|HOME|LANG|LC_\w+|TERM|PWD|SHLVL|_|USER|LOGNAME|SHELL|TZ)$/;

/**
 * Runs a harmless program in the sandbox, and finds out whether that works, and whether it is shut off: from the network,
 * from this process' environment, from a folder, and from outliving its end.
 */
export async function trySandbox(settings: CodeExecutionConfig, hidden: string): Promise<SandboxFindings> {
  const listener = await listen();
  let run: SandboxRunResult;
  try {
    const { port } = listener.address() as { port: number };
    const { memoryBytes } = settings;
    const program = trialProgram({ port, folder: hidden, memoryBytes });
    const { signal } = new AbortController();
    const until = (output: string) => output.includes('\n');
    run = await runProgram(program, { ...settings, ...trialLimits }, { signal, until });
  } catch (error) {
    return { faults: [`cannot be started: ${(error as Error).message}`], doubts: [] };
  } finally {
    listener.close();
  }
  const report = readReport(run);
  if (report === undefined) return { faults: [`does not run Python: ${why(run)}`], doubts: [] };
  return { faults: await faultsOf(report, run, hidden), doubts: doubtsOf(report) };
}

function listen(): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}

function readReport({ output }: SandboxRunResult): TrialReport | undefined {
  try {
    return JSON.parse(output) as TrialReport;
  } catch {
    return undefined; // something else was printed, or nothing
  }
}

function why({ ended, exitCode, errors }: SandboxRunResult): string {
  if (ended === 'timeout')
    return `a program that takes no time had not run after ${trialLimits.timeoutMs / 1000} seconds`;
  const said = errors.trim().split('\n').at(-1)?.slice(0, 300);
  if (said) return said;
  return `it ended with ${exitCode === undefined ? 'a signal' : `exit code ${exitCode}`}, and printed nothing that was asked for`;
}

async function faultsOf(report: TrialReport, { lingers }: SandboxRunResult, hidden: string): Promise<string[]> {
  const faults: string[] = [];
  if (report.reaches || report.routes) faults.push('lets code use the network; take it off');
  const given = Object.entries(report.variables).filter(
    ([name, value]) => !harmless.test(name) && value === process.env[name],
  );
  if (given.length > 0) {
    faults.push(`gives code environment variables of the gateway: ${given.map(([name]) => name).join(', ')}`);
  }
  const own = await environmentHash();
  if (own !== undefined && report.environments.includes(own)) {
    faults.push('lets code read the environment of the gateway in /proc; give it process ids of its own');
  }
  const entries = await entriesOf(hidden);
  if (report.entries.some((entry) => entries.has(entry))) faults.push(`lets code read ${hidden}; take that away`);
  if (lingers)
    faults.push('leaves processes behind when it is killed; give it process ids of its own, all of which end with it');
  return faults;
}

function doubtsOf({ tooMuchMemory }: TrialReport): string[] {
  if (!tooMuchMemory) return [];
  return [
    'does not keep to memory_mb, which holds for the processes of the command only; limit the memory in it as well',
  ];
}

/** Of the environment that this process was started with; undefined where the system does not show it. */
async function environmentHash(): Promise<string | undefined> {
  try {
    return createHash('sha256')
      .update(await readFile('/proc/self/environ'))
      .digest('hex');
  } catch {
    return undefined;
  }
}

async function entriesOf(folder: string): Promise<ReadonlySet<string>> {
  try {
    return new Set(await readdir(folder));
  } catch {
    return new Set(); // there is nothing to be seen in it
  }
}
