import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const goPackages = '/usr/share/gocode';

/** What builds the renderer of charts. */
export interface GoToolchain {
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Debian's Go with the packages that Helm's engine is made of; any other Go will do with them too. */
export function findGo(cache: string): GoToolchain | undefined {
  const wanted = ['github.com/Masterminds/sprig', 'github.com/ghodss/yaml'];
  const packages = wanted.every((name) => existsSync(join(goPackages, 'src', name)));
  const command = ['/usr/lib/go-1.19/bin/go', '/usr/lib/go/bin/go'].find((path) => existsSync(path)) ?? findTool('go');
  if (!packages || command === undefined) return undefined;
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: cache,
    GOCACHE: cache,
    GOPATH: goPackages,
    GO111MODULE: 'off',
    GOFLAGS: '',
    GOTOOLCHAIN: 'local',
    CGO_ENABLED: '0',
  };
  return { command, env };
}

/** The path of a command; undefined where there is none. */
export function findTool(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/**
 * Whether tests that want a tool can run. Where it is missing they are skipped, with a line that cannot be overlooked;
 * with `CI=true` they fail instead, unless other tests stand in for them.
 */
export function hasTool(found: unknown, what: string, replaced: 'replaced' | 'alone' = 'alone'): boolean {
  if (found !== undefined) return true;
  const text = `${what} is missing${replaced === 'alone' ? '; scripts/ci-install.sh installs it on Debian' : ''}`;
  if (process.env.CI === 'true' && replaced === 'alone') throw new Error(text);
  process.stderr.write(`\n!!! SKIPPED: ${text} !!!\n\n`);
  return false;
}

/** Runs a command with nothing of this environment but the PATH, and gives its standard output. */
export function run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  const options = { env: { PATH: process.env.PATH ?? '', ...env }, encoding: 'utf8', stdio: 'pipe' } as const;
  return execFileSync(command, args, options);
}

/** How a run of Node ends that may fail; unlike {@link run} it lets servers of this process answer meanwhile. */
export function nodeExitCode(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<number | null> {
  const child = spawn(process.execPath, args, { env: { PATH: process.env.PATH ?? '', ...env }, stdio: 'ignore' });
  return new Promise((resolve) => child.on('close', resolve));
}
