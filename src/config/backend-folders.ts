import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ConfigFolder, kindOf } from './config-folder.ts';
import { hasCode, unreadable } from './read-file.ts';
import type { Report } from './report.ts';
import { editDistance } from './suggest.ts';

/** A folder with a `backend.yaml` and a legal name. */
export interface BackendFolder {
  readonly name: string;
  /** The `backend.yaml` as the user would name it. */
  readonly shown: string;
  /** The folder's absolute path. */
  readonly absolute: string;
}

/** The backends' folders, and whether anything at all was written there. */
export interface BackendFolders {
  readonly folders: readonly BackendFolder[];
  readonly written: boolean;
}

const legalName = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const fileName = 'backend.yaml';

/** Looks through `<config-dir>/backends`, in the order of names; what is not a backend there is reported. */
export async function findBackendFolders(config: ConfigFolder, report: Report): Promise<BackendFolders> {
  const parent = join(config.shown, 'backends');
  if ((await kindOf(config.absolute)) === 'file') return { folders: [], written: false };
  const names = await namesIn(join(config.absolute, 'backends'), parent, report);
  const folders: BackendFolder[] = [];
  let written = false;
  for (const name of names) {
    const absolute = join(config.absolute, 'backends', name);
    const shown = join(parent, name);
    if (legalName.test(name) && (await kindOf(join(absolute, fileName))) === 'file') {
      written = true;
      folders.push({ name, shown: join(shown, fileName), absolute });
      continue;
    }
    if ((await kindOf(absolute)) === 'file') {
      if (!/\.ya?ml$/i.test(name)) continue;
      report
        .file(shown)
        .warning(undefined, [], `is not read; a backend is a folder: ${join(parent, '<name>', fileName)}`);
      continue;
    }
    written = true;
    const folder = await readFolder({ name, shown, absolute }, report);
    if (folder) folders.push(folder);
  }
  return { folders, written };
}

async function namesIn(absolute: string, shown: string, report: Report): Promise<readonly string[]> {
  try {
    const names = await readdir(absolute);
    return names.filter((name) => !name.startsWith('.')).toSorted();
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    const text = hasCode(error, 'ENOTDIR') ? 'must be a folder' : unreadable(error);
    report.file(shown).error(undefined, [], text);
    return [];
  }
}

async function readFolder(folder: BackendFolder, report: Report): Promise<BackendFolder | undefined> {
  const { name, shown, absolute } = folder;
  const inside = await namesIn(absolute, shown, report);
  const file = join(shown, fileName);
  if (!inside.includes(fileName)) {
    if (report.file(shown).failed) return undefined;
    const near = inside.find((other) => editDistance(other.toLowerCase(), fileName) <= 2);
    const hint = near ? `; rename ${near} to ${fileName}` : '; add one or take the folder away';
    report.file(shown).warning(undefined, [], `has no ${fileName} and is left out${hint}`);
    return undefined;
  }
  if (!legalName.test(name)) {
    const rule = 'rename it: letters, digits, ".", "_" and "-", beginning with a letter or a digit';
    report
      .file(file)
      .error(undefined, [], `the folder's name ${JSON.stringify(name)} cannot be the name of a backend; ${rule}`);
  }
  return { name, shown: file, absolute };
}
