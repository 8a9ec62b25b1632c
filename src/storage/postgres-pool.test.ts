import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { findPostgres, startPostgres } from '../../test/harness/real-postgres.ts';
import { openPool } from './postgres-pool.ts';

const programs = findPostgres();

it.skipIf(programs === undefined)(
  'a connection that is lost between two statements fails the next one, and no process',
  {
    timeout: 60_000,
  },
  async () => {
    const postgres = await startPostgres(programs as string);
    onTestFinished(() => postgres.stop());
    const uncaught: unknown[] = [];
    const listener = (error: unknown) => void uncaught.push(error);
    process.on('uncaughtException', listener);
    onTestFinished(() => void process.off('uncaughtException', listener));
    const pool = await openPool({ url: await postgres.createDatabase(), connections: 2, statementMs: 2000 });
    const client = await pool.connect();
    await client.query('begin', []);
    await postgres.kill();
    await sleep(200);
    await expect(client.query('select 1', [])).rejects.toThrow();
    client.release();
    expect(uncaught).toEqual([]);
    await postgres.start();
    const other = await pool.connect();
    expect(await other.query('select 1 as one', [])).toMatchObject({ rows: [{ one: 1 }] });
    other.release();
    await pool.end();
  },
);
