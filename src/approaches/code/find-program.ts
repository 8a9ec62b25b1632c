import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

/**
 * The path of a program, as a shell would find it.
 * @param searched the folders of `PATH`
 * @returns undefined where there is no such program, or it may not be run
 */
export function findProgram(name: string, searched: string): string | undefined {
  if (name.includes('/')) return isProgram(name) ? resolve(name) : undefined;
  const folders = searched.split(delimiter).filter(Boolean);
  return folders.map((folder) => resolve(join(folder, name))).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false; // there is none, or not for us
  }
}
