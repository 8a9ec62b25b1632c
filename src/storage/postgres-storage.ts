import { shownStorageUrl } from '../config/storage-url.ts';
import type { Secret } from '../secret.ts';
import { migrate } from './migrations/migrate.ts';
import { describe, PostgresDatabase } from './postgres-database.ts';
import { sqlState } from './postgres-pool.ts';
import { SqlStorage } from './sql-storage.ts';
import { newerText } from './sqlite-storage.ts';
import type { Storage } from './storage.ts';
import { StorageOpenError } from './storage-open-error.ts';

/** What waiting does not mend, by the code with which the server or `pg` says it. */
const causes: Readonly<Record<string, string>> = {
  '28P01': 'the user or the password is wrong; correct storage.url',
  '28000': 'the server lets this user not in from here; correct storage.url, or the pg_hba.conf of the server',
  '3D000': 'there is no such database; make it with: createdb, or correct storage.url',
  '42501': 'the user may not make tables there; grant it: CREATE on the database and its schema',
  '42P07': 'tables of the same names are there that are not of Headrace; give it a database of its own',
};

/**
 * Opens a PostgreSQL database. One that cannot be reached is no reason not to start: the storage begins without health,
 * and is brought up to date when the database is there.
 * @param warn told of what is no reason not to start
 * @throws StorageOpenError where waiting would not help
 */
export async function openPostgresStorage(url: Secret, warn: (message: string) => void = () => {}): Promise<Storage> {
  const shown = shownStorageUrl(url.reveal());
  const database = new PostgresDatabase(url.reveal(), shown);
  const prepare = async () => {
    const newer = await migrate(database.reports(), 'postgres');
    if (newer.length > 0) warn(newerText(shown, newer));
  };
  try {
    await prepare();
    return new SqlStorage(database, { prepare });
  } catch (error) {
    const reason = describe(error);
    if (database.judge(error)?.code === 'unavailable' && causeOf(error) === undefined) {
      warn(`${shown}: cannot be reached (${reason}); serving without it until it can`);
      return new SqlStorage(database, { prepare, error: `${reason} (${shown})` });
    }
    await database.close();
    if (error instanceof StorageOpenError) throw error;
    throw new StorageOpenError(`${shown}: ${causeOf(error) ?? 'cannot be used'} (${reason})`, error);
  }
}

function causeOf(error: unknown): string | undefined {
  const state = sqlState(error);
  if (state !== undefined) return causes[state];
  const isWithoutPassword = /password must be a string|no password supplied/.test((error as Error).message);
  return isWithoutPassword ? 'the server asks for a password; write it into storage.url or PGPASSWORD' : undefined;
}
