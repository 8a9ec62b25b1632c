import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import type { Environment, Flags } from '../../src/config/flags.ts';
import { loadConfig } from '../../src/config/load.ts';
import { formatProblem } from '../../src/config/problem.ts';

/** For tests: a temporary folder with these files, taken away when the test is over. */
export async function testFolder(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'headrace-config-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}

/** For tests: loads these files and gives the configuration with its problem lines. */
export async function loadFiles(
  files: Readonly<Record<string, string | Uint8Array>>,
  env: Environment = {},
  flags: Flags = {},
): Promise<{ config: Config | undefined; lines: string[]; folder: string }> {
  const folder = await testFolder(files);
  const { config, problems } = await loadConfig({ flags, env, cwd: folder });
  return { config, lines: problems.map(formatProblem), folder };
}

/** For tests: as {@link loadFiles}, for files without errors. */
export async function loadGood(
  files: Readonly<Record<string, string | Uint8Array>>,
  env: Environment = {},
  flags: Flags = {},
): Promise<Config> {
  const { config, lines } = await loadFiles(files, env, flags);
  if (!config) throw new Error(`unexpected problems:\n${lines.join('\n')}`);
  return config;
}
