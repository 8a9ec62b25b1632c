import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism, homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeBodies } from './bodies.ts';

const here = fileURLToPath(new URL('.', import.meta.url));

/** This checkout. */
export const root = join(here, '..');

/** Something that the benchmark needs is not there; the message says what to do. */
export class MissingTool extends Error {}

/** What a run of the benchmark uses. */
export interface Toolbox {
  /** The compiled load generator, with the mock upstream inside. */
  readonly load: string;
  /** The compiled mock upstream alone. */
  readonly mock: string;
  /** The folder of request bodies. */
  readonly bodies: string;
  /** Where things that outlive a run are kept, outside of the checkout. */
  readonly cache: string;
}

/** A file of this folder. */
export function ownFile(name: string): string {
  return join(here, name);
}

/** A file of this folder, with each `{name}` in it replaced. */
export function fillTemplate(name: string, values: Readonly<Record<string, string>>): string {
  return readFileSync(ownFile(name), 'utf8').replace(/\{(\w+)\}/g, (whole, key: string) => values[key] ?? whole);
}

/** The full path of a program on the search path, or undefined. */
export function findProgram(name: string, more: readonly string[] = []): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...more];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A port of the loopback address on which nobody listens now. */
export function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/**
 * Compiles the tools and writes the request bodies, where they are missing or older than their source.
 * @throws MissingTool
 */
export function openToolbox(): Toolbox {
  if (process.platform !== 'linux') throw new MissingTool('the benchmark reads /proc and pins processes: Linux only');
  if (availableParallelism() < 2) throw new MissingTool('two cores are needed: one for the gateway, one for the load');
  for (const program of ['taskset', 'gcc']) {
    if (!findProgram(program)) throw new MissingTool(`${program} is missing: apt-get install gcc libc6-dev util-linux`);
  }
  const cache =
    process.env.BENCH_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'headrace-bench');
  mkdirSync(cache, { recursive: true });
  const bodies = join(cache, 'bodies');
  writeBodies(bodies);
  return {
    mock: compile(join(cache, 'mock'), ['mock.c'], []),
    load: compile(join(cache, 'load'), ['load.c', 'mock.c'], ['-DEMBED']),
    bodies,
    cache,
  };
}

function compile(program: string, sources: readonly string[], flags: readonly string[]): string {
  const paths = sources.map(ownFile);
  const newest = Math.max(...paths.map((path) => statSync(path).mtimeMs));
  if (existsSync(program) && statSync(program).mtimeMs >= newest) return program;
  execFileSync('gcc', ['-O2', '-w', ...flags, '-o', program, ...paths], { stdio: 'inherit' });
  return program;
}

/** The version that a program reports of itself, in one line. */
export function programVersion(program: string, args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return `${stdout}${stderr}`.trim().split('\n')[0] ?? '';
}
