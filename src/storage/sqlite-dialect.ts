import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type TransactionSettings,
} from 'kysely';
import { type SqliteConnection, SqliteError } from './sqlite-connection.ts';
import type { SqliteResult, SqliteValue } from './sqlite-messages.ts';

/** Kysely over a connection in a thread. Whoever has a transaction has the connection to itself. */
export function sqliteDialect(connection: SqliteConnection): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new ThreadDriver(connection),
    createIntrospector: (database) => new SqliteIntrospector(database),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

class ThreadDriver implements Driver {
  readonly #connection: SqliteConnection;
  #busy = false;
  readonly #queue: (() => void)[] = [];

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<ThreadConnection> {
    if (this.#busy) await new Promise<void>((resolve) => this.#queue.push(resolve));
    this.#busy = true;
    return new ThreadConnection(this.#connection);
  }

  async releaseConnection(): Promise<void> {
    const next = this.#queue.shift();
    if (next) next();
    else this.#busy = false;
  }

  beginTransaction(connection: ThreadConnection, { accessMode }: TransactionSettings): Promise<void> {
    return connection.begin(accessMode === 'read only');
  }

  async commitTransaction(connection: ThreadConnection): Promise<void> {
    await connection.run('COMMIT');
  }

  async rollbackTransaction(connection: ThreadConnection): Promise<void> {
    await connection.run('ROLLBACK');
  }

  async destroy(): Promise<void> {
    await this.#connection.close();
  }
}

class ThreadConnection implements DatabaseConnection {
  readonly #connection: SqliteConnection;
  /** The thread that knows of the transaction that is under way. */
  #thread: number | undefined;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  /** One that writes takes the lock at once: taking it later fails where another process has written meanwhile. */
  async begin(isReadOnly: boolean): Promise<void> {
    await this.run(isReadOnly ? 'BEGIN' : 'BEGIN IMMEDIATE');
    this.#thread = this.#connection.thread;
  }

  async run(sql: string, parameters: readonly unknown[] = []): Promise<SqliteResult> {
    if (this.#thread !== undefined && this.#thread !== this.#connection.thread) {
      throw new SqliteError({ message: 'the thread of the transaction has ended', errcode: undefined });
    }
    return this.#connection.query(sql, parameters as readonly SqliteValue[]);
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    const { rows, changes } = await this.run(sql, parameters);
    return { rows: rows as Row[], numAffectedRows: BigInt(changes) };
  }

  // biome-ignore lint/correctness/useYield: there is nothing to give
  async *streamQuery(): AsyncIterableIterator<never> {
    throw new Error('rows are read a page at a time');
  }
}
