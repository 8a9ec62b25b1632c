import type { Config } from '../config/config.ts';
import type { Flags } from '../config/flags.ts';
import { loadConfig } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';

/**
 * Loads the configuration for a command, and prints what is wrong with it on standard error.
 * @returns undefined where there is an error; the process then ends with exit code 1
 */
export async function loadOrComplain(flags: Flags): Promise<Config | undefined> {
  const { problems, config } = await loadConfig({ flags, env: process.env, cwd: process.cwd() });
  for (const problem of problems) process.stderr.write(`${formatProblem(problem)}\n`);
  if (config === undefined) process.exitCode = 1;
  return config;
}

/** The same without a word, for a process whose parent has said it all. */
export async function loadConfigQuietly(flags: Flags): Promise<Config | undefined> {
  const { config } = await loadConfig({ flags, env: process.env, cwd: process.cwd() });
  if (config === undefined) process.exitCode = 1;
  return config;
}
