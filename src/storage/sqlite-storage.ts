import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Storage } from './storage.ts';

/** SQLITE_BUSY */
const locked = 5;
const longestLockMs = 5000;

/** Opens the state of a folder, which is made where it is missing. Several processes may share it. */
export async function openSqliteStorage(folder: string): Promise<Storage> {
  const { DatabaseSync: Database } = await import('node:sqlite');
  mkdirSync(folder, { recursive: true });
  const database = new Database(join(folder, 'headrace.sqlite'));
  database.exec('PRAGMA busy_timeout = 5000');
  await whenUnlocked(() => database.exec('PRAGMA journal_mode = WAL'));
  await whenUnlocked(() =>
    database.exec(
      'CREATE TABLE IF NOT EXISTS deleted_packages (name TEXT PRIMARY KEY, deleted_by TEXT NOT NULL, deleted_at TEXT NOT NULL)',
    ),
  );
  return new SqliteStorage(database);
}

/** Several processes that open the same new file at once are told that it is locked, whatever their time-out says. */
async function whenUnlocked(work: () => void): Promise<void> {
  const deadline = performance.now() + longestLockMs;
  for (;;) {
    try {
      work();
      return;
    } catch (error) {
      const isLocked = (error as { errcode?: unknown }).errcode === locked;
      if (!isLocked || performance.now() > deadline) throw error;
      await sleep(10 + Math.random() * 40);
    }
  }
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
