import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { Storage } from './storage.ts';

/** Opens the state of a folder, which is made where it is missing. Several processes may share it. */
export async function openSqliteStorage(folder: string): Promise<Storage> {
  const { DatabaseSync: Database } = await import('node:sqlite');
  mkdirSync(folder, { recursive: true });
  const database = new Database(join(folder, 'headrace.sqlite'));
  database.exec('PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL');
  database.exec(
    'CREATE TABLE IF NOT EXISTS deleted_packages (name TEXT PRIMARY KEY, deleted_by TEXT NOT NULL, deleted_at TEXT NOT NULL)',
  );
  return new SqliteStorage(database);
}

class SqliteStorage implements Storage {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  deletedPackages(): string[] {
    const rows = this.#database.prepare('SELECT name FROM deleted_packages ORDER BY name').all();
    return rows.map((row) => String(row.name));
  }

  addDeletedPackage(name: string, by: string): void {
    this.#database
      .prepare('INSERT OR REPLACE INTO deleted_packages (name, deleted_by, deleted_at) VALUES (?, ?, ?)')
      .run(name, by, new Date().toISOString());
  }

  forgetDeletedPackages(names: readonly string[]): void {
    const forget = this.#database.prepare('DELETE FROM deleted_packages WHERE name = ?');
    for (const name of names) forget.run(name);
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }
}
