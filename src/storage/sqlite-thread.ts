// The thread of a SQLite database: statements run here one after another, so that the thread that serves never waits.
import { closeSync, openSync, statSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import type { PackedRows } from './packed-usage.ts';
import type { SqliteAnswer, SqliteResult, SqliteStatement, SqliteTask, SqliteValue } from './sqlite-messages.ts';

const mostPrepared = 200;
/** SQLITE_BUSY */
const busy = 5;
const longestOpeningMs = 5000;
const checkedBytes = 16 * 1024 * 1024;

const { file, busyMs } = workerData as { file: string; busyMs: number };
const nothing: SqliteResult = { rows: [], changes: 0 };
const prepared = new Map<string, StatementSync>();
let database: DatabaseSync | undefined;

/** Several processes that open the same new file at once are told that it is locked, whatever their time-out says. */
function whenUnlocked(work: () => void): void {
  const deadline = performance.now() + longestOpeningMs;
  for (;;) {
    try {
      work();
      return;
    } catch (error) {
      if ((error as { errcode?: unknown }).errcode !== busy || performance.now() > deadline) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10 + Math.random() * 40);
    }
  }
}

/** It says who asked for what, so a new one is for its owner only; SQLite gives the files beside it the same mode. */
function createPrivate(): void {
  try {
    closeSync(openSync(file, 'ax', 0o600));
  } catch {
    // It is there, or cannot be: opening it says why.
  }
}

/** Opens the database with the first task, so that what is wrong with it is an answer. */
function opened(): DatabaseSync {
  if (database !== undefined) return database;
  createPrivate();
  const fresh = new DatabaseSync(file);
  try {
    fresh.exec(`PRAGMA busy_timeout = ${busyMs}`);
    whenUnlocked(() => fresh.exec('PRAGMA journal_mode = WAL'));
    // What was committed survives the end of the process; the last moments before a power cut may be lost, whole.
    fresh.exec('PRAGMA synchronous = NORMAL');
    fresh.exec('PRAGMA journal_size_limit = 67108864');
    checkSmall(fresh);
  } catch (error) {
    fresh.close();
    throw error;
  }
  database = fresh;
  return fresh;
}

/** A larger file would take seconds. What is broken there shows when it is read. */
function checkSmall(fresh: DatabaseSync): void {
  if (statSync(file).size > checkedBytes) return;
  const found = Object.values(fresh.prepare('PRAGMA quick_check(1)').get() ?? {})[0];
  if (found !== 'ok') throw Object.assign(new Error(String(found)), { errcode: 11 });
}

function prepare(sql: string): StatementSync {
  let statement = prepared.get(sql);
  if (statement === undefined) {
    statement = opened().prepare(sql);
    if (prepared.size >= mostPrepared) prepared.clear();
    prepared.set(sql, statement);
  }
  return statement;
}

function query(sql: string, parameters: readonly SqliteValue[]): SqliteResult {
  const statement = prepare(sql);
  if (statement.columns().length > 0) return { rows: statement.all(...parameters), changes: 0 };
  return { rows: [], changes: Number(statement.run(...parameters).changes) };
}

function batch(statements: readonly SqliteStatement[]): SqliteResult {
  const all = opened();
  all.exec('BEGIN IMMEDIATE');
  try {
    const [first, ...others] = statements;
    if (first !== undefined && runRows(first) > 0) for (const statement of others) runRows(statement);
    all.exec('COMMIT');
  } catch (error) {
    if (all.isTransaction) all.exec('ROLLBACK');
    throw error;
  }
  return nothing;
}

function runRows({ sql, rows }: SqliteStatement): number {
  const statement = prepare(sql);
  let changes = 0;
  for (const row of 'cells' in rows ? unpacked(rows) : rows) changes += Number(statement.run(...row).changes);
  return changes;
}

/** One array, with the next row each time. */
function* unpacked({ cells, texts, isText }: PackedRows): Iterable<readonly SqliteValue[]> {
  const width = isText.length;
  const row: SqliteValue[] = new Array(width).fill(null);
  for (let from = 0; from < cells.length; from += width) {
    for (let column = 0; column < width; column++) {
      const cell = cells[from + column] as number;
      row[column] = Number.isNaN(cell) ? null : isText[column] ? (texts[cell] as string) : cell;
    }
    yield row;
  }
}

function work(task: SqliteTask): SqliteResult {
  if (task.kind === 'query') return query(task.sql, task.parameters);
  if (task.kind === 'batch') return batch(task.statements);
  database?.close();
  return nothing;
}

function answerTo(task: SqliteTask): SqliteAnswer {
  try {
    return { id: task.id, result: work(task) };
  } catch (error) {
    const { message, errcode } = error as { message: string; errcode?: number };
    return { id: task.id, failure: { message, errcode } };
  }
}

parentPort?.on('message', (task: SqliteTask) => {
  parentPort?.postMessage(answerTo(task));
  if (task.kind === 'close') parentPort?.close();
});
