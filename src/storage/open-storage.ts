import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { StorageSettings } from '../config/config.ts';
import type { Storage } from './storage.ts';

/**
 * Opens what the settings ask for, and loads no more than that needs. A folder that nobody asked for is no fault where
 * it cannot be made: then nothing outlives a restart, which is said.
 * @param warn told of what is no reason not to start
 * @returns undefined: there is no storage
 * @throws StorageOpenError
 */
export async function openStorage(
  { url, folder, isFolderDefault }: StorageSettings,
  warn: (message: string) => void,
): Promise<Storage | undefined> {
  if (url !== undefined) {
    const { openPostgresStorage } = await import('./postgres-storage.ts');
    return openPostgresStorage(url, warn);
  }
  if (folder === undefined) return undefined;
  const { openSqliteStorage } = await import('./sqlite-storage.ts');
  try {
    return await openSqliteStorage(folder, warn);
  } catch (error) {
    if (!isFolderDefault || existsSync(join(folder, 'headrace.sqlite'))) throw error;
    warn(`${(error as Error).message}; until then nothing outlives a restart`);
    return undefined;
  }
}
