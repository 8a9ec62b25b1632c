import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { LoadOptions } from './flags.ts';
import { hasCode } from './read-file.ts';
import { type Resolved, resolveSetting, type SettingContext } from './resolve-setting.ts';
import { settingSources } from './setting-sources.ts';

/** The folder of the configuration, under the name that the user gave it and under its absolute one. */
export interface ConfigFolder {
  /** For messages, relative where the user wrote it so. */
  readonly shown: string;
  readonly absolute: string;
  readonly setting: Resolved<string>;
}

/** Finds the configuration's folder. A named one must exist; the default one need not. */
export async function findConfigFolder(options: LoadOptions, context: SettingContext): Promise<ConfigFolder> {
  const setting = resolveSetting(settingSources.configDir, context);
  const shown = join(setting.value ?? '.', '.');
  const absolute = resolve(options.cwd, shown);
  if (setting.value !== undefined) {
    const kind = await kindOf(absolute);
    if (kind === 'file') setting.error(`must be a folder, but ${shown} is a file`);
    if (kind === 'missing' && setting.from !== 'default')
      setting.error(`the folder ${shown} does not exist; create it or leave this out`);
  }
  return { shown, absolute, setting };
}

/** What stands at a path; `unknown` where the file system does not say, and reading it will give the reason. */
export async function kindOf(path: string): Promise<'folder' | 'file' | 'missing' | 'unknown'> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return 'missing';
    if (hasCode(error, 'EACCES', 'EPERM', 'ELOOP', 'ENAMETOOLONG')) return 'unknown';
    throw error;
  }
}
