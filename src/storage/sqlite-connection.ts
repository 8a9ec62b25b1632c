import { Worker } from 'node:worker_threads';
import type {
  SqliteAnswer,
  SqliteFailure,
  SqliteResult,
  SqliteStatement,
  SqliteTask,
  SqliteValue,
} from './sqlite-messages.ts';

const ownExtension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const threadUrl = new URL(`./sqlite-thread.${ownExtension}`, import.meta.url);

/** What SQLite said. */
export class SqliteError extends Error {
  readonly errcode: number | undefined;

  constructor({ message, errcode }: SqliteFailure) {
    super(message.replace(/\s*\n\s*/g, ' '));
    this.name = 'SqliteError';
    this.errcode = errcode;
  }
}

interface Waiting {
  readonly resolve: (result: SqliteResult) => void;
  readonly reject: (error: unknown) => void;
}

export interface SqliteConnectionOptions {
  /** How long a call waits while another process writes. */
  readonly busyMs: number;
  /** The thread is ended when it was asked for nothing for so long; undefined: it stays. */
  readonly idleMs?: number;
}

/**
 * A connection to a SQLite file, in a thread of its own that runs what it is asked for in that order. The thread is
 * started by the first call, and by the next one after it broke or was idle. Only while a call is under way does it keep
 * the process alive.
 */
export class SqliteConnection {
  readonly #workerData: { readonly file: string; readonly busyMs: number };
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #lastId = 0;
  #threads = 0;
  #isClosed = false;
  readonly #idleMs: number | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(file: string, { busyMs, idleMs }: SqliteConnectionOptions) {
    this.#workerData = { file, busyMs };
    this.#idleMs = idleMs;
  }

  /** Counts the threads that were started: another one knows nothing of a transaction that was begun. */
  get thread(): number {
    return this.#threads;
  }

  query(sql: string, parameters: readonly SqliteValue[] = []): Promise<SqliteResult> {
    return this.#ask({ id: ++this.#lastId, kind: 'query', sql, parameters });
  }

  /**
   * All in one transaction and one message; where the first statement changes nothing, nothing else is done. Packed rows
   * are moved to the thread.
   */
  async batch(statements: readonly SqliteStatement[]): Promise<void> {
    const moved = statements.flatMap(({ rows }) => ('cells' in rows ? [rows.cells.buffer] : []));
    await this.#ask({ id: ++this.#lastId, kind: 'batch', statements }, moved);
  }

  /** When all is done that was asked for. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    clearTimeout(this.#idle);
    const worker = this.#worker;
    const closed = worker && this.#ask({ id: ++this.#lastId, kind: 'close' });
    this.#isClosed = true;
    await closed;
    await worker?.terminate();
  }

  #ask(task: SqliteTask, moved: readonly ArrayBuffer[] = []): Promise<SqliteResult> {
    if (this.#isClosed) return Promise.reject(stopped('it is closed'));
    clearTimeout(this.#idle);
    const worker = this.#running();
    return new Promise((resolve, reject) => {
      this.#waiting.set(task.id, { resolve, reject });
      worker.ref();
      worker.postMessage(task, moved);
    });
  }

  #running(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    // No arguments, and nothing of the environment: no key has any business there.
    const worker = new Worker(threadUrl, {
      name: 'storage',
      execArgv: [],
      env: {},
      workerData: this.#workerData,
      resourceLimits: { maxYoungGenerationSizeMb: 6 }, // of its own, as the process may have been given a large one
    });
    worker.on('message', (answer: SqliteAnswer) => this.#answer(answer));
    worker.on('error', (error) => this.#lose(worker, stopped(error.message)));
    worker.on('messageerror', (error) => this.#lose(worker, stopped(error.message)));
    worker.on('exit', (code) => this.#lose(worker, stopped(`its thread ended with code ${code}`)));
    worker.unref();
    this.#threads++;
    this.#worker = worker;
    return worker;
  }

  #answer(answer: SqliteAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (this.#waiting.size === 0) this.#rest();
    if ('result' in answer) waiting?.resolve(answer.result);
    else waiting?.reject(new SqliteError(answer.failure));
  }

  /** Nothing is under way. */
  #rest(): void {
    this.#worker?.unref();
    if (this.#idleMs === undefined || this.#isClosed) return;
    this.#idle = setTimeout(() => this.#end(), this.#idleMs).unref();
  }

  #end(): void {
    const worker = this.#worker;
    this.#worker = undefined;
    worker?.postMessage({ id: ++this.#lastId, kind: 'close' } satisfies SqliteTask); // after which it ends by itself
  }

  #lose(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const lost = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of lost) reject(error);
  }
}

function stopped(why: string): SqliteError {
  return new SqliteError({ message: `the state file cannot be used: ${why}`, errcode: undefined });
}
