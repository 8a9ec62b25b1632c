import { join } from 'node:path';
import { catalogue } from '../approaches/catalogue.ts';
import { createSandboxTrials } from '../approaches/code/sandbox-trials.ts';
import type { Config } from '../config/config.ts';
import { ConfigLoader } from '../config/config-loader.ts';
import type { Flags } from '../config/flags.ts';
import type { LoadedConfig } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';

/** A loaded configuration without errors. */
export interface GoodConfig extends LoadedConfig {
  readonly config: Config;
}

/** Reads the configuration of this process. */
export function createLoader(flags: Flags): ConfigLoader {
  const sandbox = createSandboxTrials();
  const cwd = process.cwd();
  const stateFolder = join(cwd, 'state');
  return new ConfigLoader({ flags, env: process.env, cwd, approaches: catalogue, stateFolder, sandbox });
}

/**
 * Loads the configuration for a command, and prints what is wrong with it on standard error.
 * @returns undefined where there is an error; the process then ends with exit code 1
 */
export async function loadOrComplain(flags: Flags): Promise<Config | undefined> {
  return (await firstLoad(createLoader(flags), (line) => process.stderr.write(`${line}\n`)))?.config;
}

/**
 * The first load of a process.
 * @param say takes each problem, as a line
 * @returns undefined where there is an error; the process then ends with exit code 1
 */
export async function firstLoad(loader: ConfigLoader, say: (line: string) => void): Promise<GoodConfig | undefined> {
  const { problems, config, sources } = await loader.load();
  for (const problem of problems) say(formatProblem(problem));
  if (config !== undefined) return { problems, config, sources };
  process.exitCode = 1;
  return undefined;
}
