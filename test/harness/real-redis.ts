import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endProcess } from './end-process.ts';
import { sayMissing } from './missing-program.ts';
import { freePort } from './real-postgres.ts';

/** A Redis or Valkey server of this process' own, on a free port, that keeps nothing on the disk. */
export interface RealRedis {
  readonly port: number;
  /** `redis://127.0.0.1:PORT` */
  readonly url: string;
  /** Ends it as a crash would; what it held is gone. */
  kill(): Promise<void>;
  /** It answers nobody until it may go on. */
  pause(): void;
  resume(): void;
  /** The same port, empty. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * The server's program; undefined where none is installed, which is said.
 * @throws Error where none is installed and this is a continuous integration, which has to have one
 */
export function findRedis(): string | undefined {
  const program = ['redis-server', 'valkey-server'].find(
    (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0,
  );
  if (program !== undefined) return program;
  sayMissing('Redis', 'redis-server');
  return undefined;
}

/** @param program of `findRedis` */
export async function startRedis(program: string): Promise<RealRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'headrace-redis-'));
  const server = new Server(program, folder, await freePort());
  await server.start();
  return server;
}

class Server implements RealRedis {
  readonly port: number;
  readonly url: string;
  readonly #program: string;
  readonly #folder: string;
  #process: ReturnType<typeof spawn> | undefined;

  constructor(program: string, folder: string, port: number) {
    this.#program = program;
    this.#folder = folder;
    this.port = port;
    this.url = `redis://127.0.0.1:${port}`;
  }

  async start(): Promise<void> {
    const settings = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    const child = spawn(this.#program, [...settings, '--dir', this.#folder], { stdio: 'ignore' });
    this.#process = child;
    for (let tries = 0; !(await answers(this.port)); tries++) {
      if (tries > 200 || child.exitCode !== null) throw new Error(`${this.#program} did not start`);
      await sleep(25);
    }
  }

  pause(): void {
    this.#process?.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.#end('SIGKILL'); // it has nothing to save
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    await endProcess(child, signal);
  }
}

/** Whether it says PONG. */
async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(500, () => socket.destroy());
  try {
    await once(socket, 'connect');
    socket.write('PING\r\n');
    const [data] = await once(socket, 'data');
    return String(data).startsWith('+PONG');
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
