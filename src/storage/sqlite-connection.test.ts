import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { SqliteConnection, type SqliteConnectionOptions } from './sqlite-connection.ts';

async function open(options: SqliteConnectionOptions) {
  const folder = await mkdtemp(join(tmpdir(), 'headrace-storage-'));
  const connection = new SqliteConnection(join(folder, 'file.sqlite'), options);
  onTestFinished(async () => {
    await connection.close();
    await rm(folder, { recursive: true, force: true });
  });
  return connection;
}

test('a thread that is idle ends, and the next call starts another one', async () => {
  const connection = await open({ busyMs: 100, idleMs: 30 });
  await connection.query('create table t (value integer)');
  for (let thread = 2; thread <= 4; thread++) {
    await sleep(100);
    await connection.query('insert into t values (?)', [thread]);
    expect(connection.thread).toBe(thread);
  }
  expect((await connection.query('select count(*) as rows from t')).rows).toEqual([{ rows: 3 }]);
});

test('while calls are under way or come often enough, it stays', async () => {
  const connection = await open({ busyMs: 100, idleMs: 5000 });
  const calls = Array.from({ length: 200 }, () => connection.query('select 1 as one'));
  await Promise.all(calls);
  await sleep(50);
  await connection.query('select 1 as one');
  expect(connection.thread).toBe(1);
});

test('calls at the very end of its time are answered all the same', async () => {
  const connection = await open({ busyMs: 100, idleMs: 1 });
  for (let call = 0; call < 30; call++) {
    expect((await connection.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await sleep(call % 3);
  }
});
