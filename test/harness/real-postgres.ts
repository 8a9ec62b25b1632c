import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endProcess } from './end-process.ts';
import { sayMissing } from './missing-program.ts';

/** A PostgreSQL server of this process' own, on a free port, with its data in a temporary folder. */
export interface RealPostgres {
  readonly port: number;
  /** Of an empty database that is made for this call; its user is a superuser, its password `secret`. */
  createDatabase(): Promise<string>;
  /** Runs a statement as a superuser. @returns what psql prints */
  run(statement: string, database?: string): string;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  /** The same data, the same port. */
  start(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/**
 * Where PostgreSQL's programs are; undefined where they are not installed, which is said.
 * @throws Error where they are not installed and this is a continuous integration, which has to have them
 */
export function findPostgres(): string | undefined {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((one, other) => Number(other) - Number(one)) : [];
  const folder = versions.map((version) => join(root, version, 'bin')).find((bin) => existsSync(join(bin, 'initdb')));
  if (folder !== undefined) return folder;
  sayMissing('PostgreSQL', 'postgresql');
  return undefined;
}

/** @param programs of `findPostgres` */
export async function startPostgres(programs: string): Promise<RealPostgres> {
  const folder = mkdtempSync(join(tmpdir(), 'headrace-postgres-'));
  const user = serverUser();
  const data = join(folder, 'data');
  mkdirSync(data);
  chmodSync(folder, 0o755);
  if (user) chownSync(data, user.id, user.group);
  const password = join(folder, 'password');
  writeFileSync(password, 'secret\n', { mode: 0o644 });
  const access = ['-U', 'headrace', '-A', 'scram-sha-256', `--pwfile=${password}`];
  const initialize = ['-D', data, ...access, '-E', 'UTF8', '--no-sync', '--locale=C.UTF-8'];
  execFileSync(...asServer(user, join(programs, 'initdb'), initialize), { stdio: 'pipe', cwd: '/' });
  const server = new Server(programs, folder, user, await freePort());
  await server.start();
  return server;
}

interface ServerUser {
  readonly id: number;
  readonly group: number;
}

/** PostgreSQL refuses to run as root. */
function serverUser(): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const of = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { id: of('-u'), group: of('-g') };
}

function asServer(user: ServerUser | undefined, program: string, args: readonly string[]): [string, string[]] {
  if (user === undefined) return [program, [...args]];
  return ['setpriv', [`--reuid=${user.id}`, `--regid=${user.group}`, '--clear-groups', program, ...args]];
}

class Server implements RealPostgres {
  readonly port: number;
  readonly #programs: string;
  readonly #folder: string;
  readonly #user: ServerUser | undefined;
  #process: ReturnType<typeof spawn> | undefined;
  #databases = 0;

  constructor(programs: string, folder: string, user: ServerUser | undefined, port: number) {
    this.#programs = programs;
    this.#folder = folder;
    this.#user = user;
    this.port = port;
  }

  async start(): Promise<void> {
    const settings = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      port: this.port,
      max_connections: 100,
      fsync: 'off', // the machine does not crash, only the server
    };
    const args = ['-D', join(this.#folder, 'data')];
    for (const [name, value] of Object.entries(settings)) args.push('-c', `${name}=${value}`);
    const child = spawn(...asServer(this.#user, join(this.#programs, 'postgres'), args), { stdio: 'ignore', cwd: '/' });
    this.#process = child;
    for (let tries = 0; ; tries++) {
      try {
        this.run('select 1');
        return;
      } catch (error) {
        if (tries > 200 || child.exitCode !== null) throw error;
        await sleep(50);
      }
    }
  }

  async createDatabase(): Promise<string> {
    const name = `test_${process.pid}_${++this.#databases}`;
    this.run(`create database ${name}`);
    return `postgres://headrace:secret@127.0.0.1:${this.port}/${name}`;
  }

  run(statement: string, database = 'postgres'): string {
    const to = ['-h', '127.0.0.1', '-p', String(this.port), '-U', 'headrace', '-d', database];
    const args = [...to, '-AtqXc', statement];
    const options = { encoding: 'utf8', stdio: 'pipe', cwd: '/', env: { PGPASSWORD: 'secret' } } as const;
    return execFileSync(join(this.#programs, 'psql'), args, options).trim();
  }

  async kill(): Promise<void> {
    await this.#end('SIGQUIT'); // the server's own immediate end: its processes vanish, and the next start recovers
  }

  async stop(): Promise<void> {
    await this.#end('SIGINT');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    await endProcess(child, signal);
  }
}

/** One that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
