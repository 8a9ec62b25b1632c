import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { openSqliteStorage } from './sqlite-storage.ts';
import { batchOf, callOf, keyNamed } from './test-samples.ts';
import { testStorage } from './test-suite.ts';

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'headrace-storage-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function open(folder: string, warn?: (message: string) => void) {
  const storage = await openSqliteStorage(folder, warn);
  onTestFinished(() => storage.close());
  return storage;
}

testStorage('sqlite', {
  fresh: async () => {
    const folder = await temporaryFolder();
    return { open: () => open(folder), childArguments: ['sqlite', folder] };
  },
});

test('a state file from before there were migrations is taken over without loss', async () => {
  const folder = await temporaryFolder();
  const old = new DatabaseSync(join(folder, 'headrace.sqlite'));
  old.exec('PRAGMA journal_mode = WAL');
  old.exec(
    'CREATE TABLE IF NOT EXISTS deleted_packages (name TEXT PRIMARY KEY, deleted_by TEXT NOT NULL, deleted_at TEXT NOT NULL)',
  );
  old.exec("INSERT INTO deleted_packages VALUES ('b:m', 'admin', '2026-01-01T00:00:00.000Z')");
  old.close();
  const storage = await open(folder);
  expect(await storage.packages.deleted()).toEqual(['b:m']);
  await storage.keys.create(keyNamed('k'));
  await storage.packages.addDeleted('b:n', 'admin');
  expect(await storage.packages.deleted()).toEqual(['b:m', 'b:n']);
});

test('a new state file, and those beside it, are for their owner only', async () => {
  const folder = await temporaryFolder();
  const storage = await open(folder);
  await storage.packages.addDeleted('b:m', 'admin');
  const names = await readdir(folder);
  expect(names).toContain('headrace.sqlite-wal');
  for (const name of names) expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
});

test('a state file of a newer release is used, with a warning', async () => {
  const folder = await temporaryFolder();
  await (await openSqliteStorage(folder)).close();
  const newer = new DatabaseSync(join(folder, 'headrace.sqlite'));
  newer.exec('ALTER TABLE keys ADD COLUMN later TEXT');
  newer.exec("INSERT INTO schema_migrations VALUES (999, 'later', 0)");
  newer.close();
  const warnings: string[] = [];
  const storage = await open(folder, (message) => warnings.push(message));
  expect(warnings).toEqual([expect.stringMatching(/headrace\.sqlite: was written by a newer release.*999 later/)]);
  await storage.keys.create(keyNamed('k'));
  expect((await storage.keys.snapshot()).keys).toEqual([keyNamed('k')]);
});

const sound = async (folder: string) => {
  const storage = await openSqliteStorage(folder);
  await storage.usage.write(
    batchOf(
      'b',
      Array.from({ length: 500 }, (_, place) => callOf(`${place}`)),
    ),
  );
  await storage.close();
  return readFile(join(folder, 'headrace.sqlite'));
};

test.each([
  ['text', async () => Buffer.from('this is no database, but somebody may want it back\n'.repeat(100))],
  ['a file that was cut', async (folder: string) => (await sound(folder)).subarray(0, 50_000)],
  ['a file with a hole', async (folder: string) => (await sound(folder)).fill(0x41, 8192, 40_000)],
])('%s in place of the state file is refused with what to do, and left as it is', async (_, make) => {
  const folder = await temporaryFolder();
  const content = await make(folder);
  const file = join(folder, 'headrace.sqlite');
  await writeFile(file, content);
  await expect(openSqliteStorage(folder)).rejects.toThrow(
    /headrace\.sqlite: is no state file, or a damaged one.*backup.*move it away/,
  );
  expect((await readFile(file)).equals(content)).toBe(true);
});

test('a folder that cannot be made is refused with what to do', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'file'), '');
  await expect(openSqliteStorage(join(folder, 'file', 'state'))).rejects.toThrow(
    /file\/state: cannot be made.*storage\.folder/,
  );
  await expect(openSqliteStorage('/proc/state')).rejects.toThrow(/\/proc\/state: cannot be made/);
});

test.skipIf(process.getuid?.() === 0)('a folder that cannot be written to is refused with what to do', async () => {
  const folder = await temporaryFolder();
  await chmod(folder, 0o500);
  await expect(openSqliteStorage(folder)).rejects.toThrow(/cannot be opened.*storage\.folder/);
});

test('while another process holds the file calls fail in time, and it comes back by itself', async () => {
  const folder = await temporaryFolder();
  const storage = await open(folder);
  await storage.keys.create(keyNamed('k'));
  const heard: boolean[] = [];
  storage.onHealth(({ ok }) => heard.push(ok));
  const other = new DatabaseSync(join(folder, 'headrace.sqlite'));
  other.exec('BEGIN EXCLUSIVE');
  const began = performance.now();
  const batch = batchOf('b', [callOf('1')]);
  await expect(storage.usage.write(batch)).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(/locked|did not answer/),
  });
  expect(performance.now() - began).toBeLessThan(5000);
  expect(storage.health).toMatchObject({
    ok: false,
    wasOk: true,
    error: expect.stringMatching(/locked|did not answer/),
  });
  await expect(storage.revision()).rejects.toMatchObject({ code: 'unavailable' });
  other.exec('ROLLBACK');
  other.close();
  await expect.poll(() => storage.health.ok, { timeout: 20_000 }).toBe(true);
  expect(heard).toEqual([false, true]);
  await storage.usage.write(batch);
  expect(await storage.usage.sums({ from: 0, to: 4e12, by: [] })).toMatchObject([{ calls: 1 }]);
});

test('closing waits for what runs; after that nothing does', async () => {
  const folder = await temporaryFolder();
  const storage = await open(folder);
  const writes = Array.from({ length: 5 }, (_, number) =>
    storage.usage.write(batchOf(`${number}`, [callOf(`${number}`)])),
  );
  const change = storage.keys.create(keyNamed('k'));
  await Promise.all([storage.close(), storage.close()]);
  await Promise.all([...writes, change]);
  await expect(storage.revision()).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(/closed/),
  });
  const again = await open(folder);
  expect(await again.usage.sums({ from: 0, to: 4e12, by: [] })).toMatchObject([{ calls: 5 }]);
  expect(await again.revision()).toBe(1);
});
