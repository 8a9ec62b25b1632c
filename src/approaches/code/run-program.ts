import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CodeExecutionConfig } from '../../config/approaches-config.ts';
import { findProgram } from './find-program.ts';
import { makeFreshFolder, removeFolder } from './fresh-folder.ts';
import { runInSandbox, type SandboxRunOptions, type SandboxRunResult } from './sandbox-run.ts';

/** Stands in the sandbox's command for the folder with the program, `program.py`. */
const folderMark = '{folder}';

export type RunProgramOptions = Pick<SandboxRunOptions, 'signal' | 'until'>;

/**
 * Runs a Python program in the sandbox, from a fresh folder that is removed afterwards. Where the command names
 * `{folder}`, the program is the file `program.py` there, else it comes on standard input.
 * @throws Error where the sandbox cannot be started
 */
export async function runProgram(
  program: string,
  settings: CodeExecutionConfig,
  options: RunProgramOptions,
): Promise<SandboxRunResult> {
  const [name = '', ...rest] = settings.command;
  const path = findProgram(name, process.env.PATH ?? '');
  if (path === undefined) throw new Error(`there is no program "${name}" that may be run`);
  const folder = await makeFreshFolder();
  try {
    const isFile = rest.some((part) => part.includes(folderMark));
    if (isFile) await writeFile(join(folder, 'program.py'), program);
    const { timeoutMs, memoryBytes, outputBytes } = settings;
    return await runInSandbox({
      command: [path, ...rest.map((part) => part.replaceAll(folderMark, () => folder))],
      folder,
      input: isFile ? '' : program,
      timeoutMs,
      memoryBytes,
      outputBytes,
      ...options,
    });
  } finally {
    await removeFolder(folder);
  }
}
