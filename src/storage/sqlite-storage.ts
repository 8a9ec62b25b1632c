import { join } from 'node:path';
import { makeFolder } from './make-folder.ts';
import { migrate } from './migrations/migrate.ts';
import { SqlStorage } from './sql-storage.ts';
import { SqliteError } from './sqlite-connection.ts';
import { SqliteDatabase } from './sqlite-database.ts';
import type { Storage } from './storage.ts';
import { StorageOpenError } from './storage-open-error.ts';

/** SQLITE_CORRUPT and SQLITE_NOTADB */
const broken: ReadonlySet<number> = new Set([11, 26]);
/** SQLITE_READONLY and SQLITE_CANTOPEN */
const closed: ReadonlySet<number> = new Set([8, 14]);

/**
 * Opens the state of a folder, which is made where it is missing. Several processes may share it.
 * @param warn told of what is no reason not to start
 * @throws StorageOpenError
 */
export async function openSqliteStorage(folder: string, warn: (message: string) => void = () => {}): Promise<Storage> {
  const file = join(folder, 'headrace.sqlite');
  try {
    makeFolder(folder);
  } catch (error) {
    throw new StorageOpenError(`${folder}: cannot be made: ${(error as Error).message}; ${choose}`, error);
  }
  const database = new SqliteDatabase(file);
  try {
    const newer = await migrate(database.main, 'sqlite');
    if (newer.length > 0) warn(newerText(file, newer));
    return new SqlStorage(database, { prepare: () => migrate(database.main, 'sqlite') });
  } catch (error) {
    await database.close();
    throw explain(error, file);
  }
}

const choose =
  'make it writable for this user, choose another with storage.folder, or switch it off with storage.folder: none';

function explain(error: unknown, file: string): unknown {
  if (!(error instanceof SqliteError)) return error;
  const errcode = (error.errcode ?? 0) & 0xff;
  if (broken.has(errcode)) {
    return new StorageOpenError(
      `${file}: is no state file, or a damaged one (${error.message}); it was left as it is. Put a backup in its place, save what can be saved with: sqlite3 ${file} .recover, or move it away to start anew without the keys and the usage that it holds`,
      error,
    );
  }
  if (closed.has(errcode))
    return new StorageOpenError(`${file}: cannot be opened (${error.message}); ${choose}`, error);
  return new StorageOpenError(`${file}: cannot be used (${error.message}); it was left as it is`, error);
}

/** The steps only add, so that what this release needs is there. */
export function newerText(place: string, names: readonly string[]): string {
  return `${place}: was written by a newer release, which has made: ${names.join(', ')}; this one goes on with what it knows`;
}
