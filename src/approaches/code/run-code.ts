import type { CodeExecutionConfig } from '../../config/approaches-config.ts';
import { GatewayError } from '../../gateway-error.ts';
import { runProgram } from './run-program.ts';

/** What came of a program that a model wrote. */
export interface CodeRun {
  /** What it printed on standard output. */
  readonly output: string;
  /** What it printed on standard error. */
  readonly errors: string;
  /** Why it is no good; undefined: it ended by itself and without an error. */
  readonly failure: string | undefined;
}

/**
 * Runs Python code that a model wrote in the sandbox of the configuration, never in this process.
 * @throws GatewayError `client_closed_request` where the signal was aborted, or `internal_error` without a sandbox
 */
export async function runCode(code: string, settings: CodeExecutionConfig, signal: AbortSignal): Promise<CodeRun> {
  const run = await start(code, settings, signal);
  const { output, errors, ended, exitCode } = run;
  if (ended === 'abort') throw new GatewayError('client_closed_request', 'the client went away');
  if (ended === 'timeout')
    return { output, errors, failure: `it was ended after ${settings.timeoutMs / 1000} seconds` };
  if (ended === 'limit') {
    return { output, errors, failure: `it was ended since it printed more than ${settings.outputBytes} bytes` };
  }
  if (exitCode === 0) return { output, errors, failure: undefined };
  const how = exitCode === undefined ? 'it was killed' : `it ended with exit code ${exitCode}`;
  return { output, errors, failure: how };
}

async function start(code: string, settings: CodeExecutionConfig, signal: AbortSignal) {
  try {
    return await runProgram(code, settings, { signal });
  } catch (cause) {
    const message = 'the sandbox for code cannot be started; see "headrace check"';
    throw new GatewayError('internal_error', message, { cause });
  }
}
