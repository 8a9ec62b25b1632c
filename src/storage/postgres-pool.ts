import type { PostgresPool, PostgresPoolClient } from 'kysely';
import type { Pool, PoolClient, PoolConfig } from 'pg';
import { StorageOpenError } from './storage-open-error.ts';

/** int8 and numeric: whole numbers here, which a double holds. */
const numbers: ReadonlySet<number> = new Set([20, 1700]);

export interface PoolOptions {
  /** With its password. */
  readonly url: string;
  readonly connections: number;
  /** Milliseconds after which the server gives a statement up. */
  readonly statementMs: number;
}

/**
 * A pool of `pg`, which is loaded here and only here.
 * @throws StorageOpenError where it is not installed
 */
export async function openPool({ url, connections, statementMs }: PoolOptions): Promise<PostgresPool> {
  const { default: pg } = await import('pg').catch((error: unknown) => {
    const message = 'storage.url: PostgreSQL needs the package pg beside headrace; install it with: npm install pg';
    throw (error as { code?: string }).code === 'ERR_MODULE_NOT_FOUND' ? new StorageOpenError(message, error) : error;
  });
  const config: PoolConfig = {
    connectionString: url,
    max: connections,
    application_name: 'headrace',
    connectionTimeoutMillis: 1500,
    statement_timeout: statementMs,
    idle_in_transaction_session_timeout: 10_000,
    query_timeout: statementMs + 500, // where the server does not even say that it has given it up
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    allowExitOnIdle: true,
    types: {
      getTypeParser: ((type: number, format: 'text') =>
        numbers.has(type) ? Number : pg.types.getTypeParser(type, format)) as typeof pg.types.getTypeParser,
    },
  };
  const pool = new pg.Pool(config);
  pool.on('error', () => {}); // a connection that nobody used is lost; the next call finds out by itself
  // The same while somebody has it, but between two statements: without a listener that would end the process.
  pool.on('connect', (client) => client.on('error', () => {}));
  return carefulPool(pool);
}

/** Does not put a connection back that did not answer: whoever took it next would wait behind what it waits for. */
function carefulPool(pool: Pool): PostgresPool {
  return {
    options: pool.options,
    connect: async () => new CarefulClient(await pool.connect()) as unknown as PostgresPoolClient,
    end: () => pool.end(),
  };
}

class CarefulClient {
  readonly #client: PoolClient;
  #isBroken = false;

  constructor(client: PoolClient) {
    this.#client = client;
  }

  async query(text: string, parameters: unknown[]): Promise<unknown> {
    try {
      return await this.#client.query(text, parameters);
    } catch (error) {
      if (sqlState(error) === undefined) this.#isBroken = true;
      throw error;
    }
  }

  release(destroy = false): void {
    this.#client.release(destroy || this.#isBroken);
  }
}

/** The five characters with which the server says what is wrong; undefined: it was not the server that said it. */
export function sqlState(error: unknown): string | undefined {
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  return typeof code === 'string' && typeof severity === 'string' ? code : undefined;
}
