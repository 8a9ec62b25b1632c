import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fillTemplate, findFreePort, findProgram, MissingTool, root, type Toolbox } from './toolbox.ts';

/** A gateway to measure. */
export interface Target {
  readonly name: string;
  /** What it does with a request. */
  readonly does: string;
  readonly command: readonly string[];
  /** Where it listens, on 127.0.0.1. */
  readonly port: number;
  /** Headers that its clients send, as `name: value`. */
  readonly headers: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** A process that it needs, on the core of the load. */
  readonly companion?: readonly string[];
}

/** Where a target is built for. */
interface Site {
  readonly toolbox: Toolbox;
  /** `host:port` of the mock upstream. */
  readonly upstream: string;
  /** The target's own folder. */
  readonly folder: string;
  readonly port: number;
}

/** As in the first line of bin/headrace.cjs. */
export const nodeOptions = ['--max-semi-space-size=16', '--v8-pool-size=1'];
const portkeyVersion = '1.15.2';
/** That of Portkey's own lockfile. Under the newest, which npm takes by itself, every stream is answered with 500. */
const portkeyServerVersion = '1.13.5';
/** What the load generator sends as a client's key. */
export const clientKey = 'sk-client-0123456789abcdef';
const upstreamKey = 'sk-upstream-key-0123456789abcdef';

const makers: Readonly<Record<string, (site: Site) => Target | Promise<Target>>> = {
  nginx: createNginx,
  portkey: createPortkey,
  headrace: createHeadrace,
  'headrace-bare': createBareHeadrace,
  'headrace-governed': createGovernedHeadrace,
  'headrace-routed': createRoutedHeadrace,
  'headrace-capture': createCapturingHeadrace,
  'headrace-traces': (site) => withTraces(createHeadrace(site), site, 'headrace-traces'),
  'headrace-telemetry': (site) => withTraces(createCapturingHeadrace(site), site, 'headrace-telemetry'),
};

/** Every target's name; the first is the reference of the ratios. */
export const targetNames: readonly string[] = Object.keys(makers);

/** What is measured with `--telemetry`, and what where nothing else is asked for. */
export const telemetryTargets = ['headrace', 'headrace-capture', 'headrace-traces', 'headrace-telemetry'];
export const usualTargets = targetNames.filter((name) => name === 'headrace' || !telemetryTargets.includes(name));

/**
 * Makes a target ready to be started: writes its configuration, installs what is missing.
 * @throws MissingTool
 */
export async function createTarget(name: string, toolbox: Toolbox, upstream: string, work: string): Promise<Target> {
  const make = makers[name];
  if (make === undefined) throw new MissingTool(`there is no target ${name}; there are ${targetNames.join(', ')}`);
  const folder = join(work, name);
  mkdirSync(folder, { recursive: true });
  return make({ toolbox, upstream, folder, port: await findFreePort() });
}

/** The nginx program: that of `BENCH_NGINX`, or the installed one. */
export function findNginx(): string {
  const program = process.env.BENCH_NGINX || findProgram('nginx', ['/usr/sbin', '/usr/local/sbin']);
  if (program === undefined) throw new MissingTool('nginx is missing: apt-get install nginx, or set BENCH_NGINX');
  return program;
}

function createNginx({ upstream, folder, port }: Site): Target {
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, fillTemplate('nginx.conf', { upstream, folder, port: String(port) }));
  return {
    name: 'nginx',
    does: 'forwards, unbuffered',
    command: [findNginx(), '-p', folder, '-e', 'stderr', '-c', file],
    port,
    headers: [],
    env: {},
  };
}

function createPortkey({ toolbox, upstream, port }: Site): Target {
  const folder = join(toolbox.cache, `portkey-${portkeyVersion}`);
  const program = join(folder, 'node_modules', '@portkey-ai', 'gateway', 'build', 'start-server.js');
  if (!existsSync(program)) installPortkey(folder);
  return {
    name: 'portkey',
    does: `@portkey-ai/gateway ${portkeyVersion}, headless`,
    command: [process.execPath, program, '--headless', `--port=${port}`],
    port,
    headers: ['x-portkey-provider: openai', `x-portkey-custom-host: http://${upstream}/v1`],
    env: { NODE_ENV: 'production' },
  };
}

function installPortkey(folder: string): void {
  console.error(`bench: installing @portkey-ai/gateway ${portkeyVersion} into the cache folder (once)`);
  mkdirSync(folder, { recursive: true });
  const manifest = {
    private: true,
    dependencies: { '@portkey-ai/gateway': portkeyVersion },
    overrides: { '@hono/node-server': portkeyServerVersion },
  };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest, undefined, 2));
  execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** The built command line, as a user of the package has it. */
export const builtProgram = join(root, 'bin', 'headrace.cjs');

/** Writes a configuration folder with every check on. Returns the environment that it needs. */
export function writeHeadraceConfig(folder: string, upstream: string): Readonly<Record<string, string>> {
  const backend = join(folder, 'backends', 'bench');
  mkdirSync(backend, { recursive: true });
  writeFileSync(join(backend, 'backend.yaml'), fillTemplate('backend.yaml', { upstream }));
  writeFileSync(join(folder, 'headrace.yaml'), fillTemplate('headrace.yaml', {}));
  return { BENCH_UPSTREAM_KEY: upstreamKey, BENCH_CLIENT_KEY: clientKey };
}

function checkBuilt(): void {
  if (!existsSync(join(root, 'dist', 'main.js'))) throw new MissingTool('dist/ is missing: npm run build');
}

function createHeadrace({ upstream, folder, port }: Site): Target {
  checkBuilt();
  const env = writeHeadraceConfig(folder, upstream);
  const flags = ['--config-dir', folder, '--port', String(port), '--log-level', 'info'];
  return {
    name: 'headrace',
    does: 'client key, token check, request limit, metrics, a log line and a row of the ledger per request',
    command: [process.execPath, ...nodeOptions, builtProgram, 'start', ...flags],
    port,
    headers: [],
    env,
  };
}

function createBareHeadrace({ upstream, folder, port }: Site): Target {
  checkBuilt();
  const flags = ['--config-dir', folder, '--port', String(port), '--log-level', 'error'];
  return {
    name: 'headrace-bare',
    does: 'no client key, no limits, metrics, no log line, no ledger',
    command: [process.execPath, ...nodeOptions, builtProgram, 'start', ...flags, '--base-url', `http://${upstream}/v1`],
    port,
    headers: [],
    env: { OPENAI_API_KEY: upstreamKey, HEADRACE_STORAGE_FOLDER: 'none' },
  };
}

/** The same as `headrace`, with limits on requests, tokens, calls at a time and money, on three levels, never reached. */
function createGovernedHeadrace(site: Site): Target {
  const target = createHeadrace(site);
  const { folder } = site;
  const backend = join(folder, 'backends', 'bench', 'backend.yaml');
  const text = readFileSync(backend, 'utf8');
  writeFileSync(
    backend,
    text.replace('  bench:\n', '  bench:\n    prices: {input: 2.5, cached_input: 1.25, output: 10}\n'),
  );
  const file = join(folder, 'headrace.yaml');
  const key = '    key_env_var: BENCH_CLIENT_KEY\n';
  writeFileSync(file, readFileSync(file, 'utf8').replace(key, `${key}${governedKey}`) + governedSettings);
  return {
    ...target,
    name: 'headrace-governed',
    does: 'the same, and limits of its key, team and tag: requests, tokens and money, a minute, a day and a month, calls at a time',
  };
}

const governedKey = '    owner: ann\n    team: bench\n    tags: [load]\n    tier: wide\n';

const governedSettings = `tiers:
  wide:
    requests_per_minute: 100000000
    tokens_per_minute: 100000000000
    requests_per_day: 100000000000
    tokens_per_day: 100000000000000
    max_concurrent: 100000
    budget: {day: 1000000, month: 1000000, total: 1000000}
teams:
  bench: {tier: wide}
tags:
  load: {tier: wide}
`;

/** The same as `headrace`, by a route with every feature of routing on, over two backends with two keys each. */
function createRoutedHeadrace(site: Site): Target {
  const target = createHeadrace(site);
  const { folder, upstream } = site;
  for (const name of ['left', 'right']) {
    const backend = join(folder, 'backends', name);
    mkdirSync(backend, { recursive: true });
    const keys = 'api_key_env_vars: [BENCH_UPSTREAM_KEY, BENCH_SECOND_KEY]\nmax_concurrent: 10000';
    const text = fillTemplate('backend.yaml', { upstream }).replace('api_key_env_var: BENCH_UPSTREAM_KEY', keys);
    writeFileSync(join(backend, 'backend.yaml'), text);
  }
  appendFileSync(join(folder, 'headrace.yaml'), routedSettings);
  return {
    ...target,
    name: 'headrace-routed',
    does: 'the same by a weighted route: affinity, two keys for each backend, queue, breaker, hedging, time limits',
    env: { ...target.env, BENCH_SECOND_KEY: `${upstreamKey}-2` },
  };
}

const routedSettings = `routes:
  bench:
    model: "[weight=3]left:bench^right:bench"
    hedge: {after: 2s, max_extra: 5%}
    timeouts: {first_token: 30, gap: 30, total: 60}
    retry: {max_attempts: 4}
`;

/** The same as `headrace`, and every exchange captured. Small files, so that the memory of the kernel is not all new. */
function createCapturingHeadrace(site: Site): Target {
  const target = createHeadrace(site);
  const section = 'telemetry:\n  capture: {folder: capture, max_bytes: 16777216, max_files: 2}\n';
  appendFileSync(join(site.folder, 'headrace.yaml'), section);
  return { ...target, name: 'headrace-capture', does: 'the same, and every exchange captured to files' };
}

/** The given one, and every call traced; the mock upstream takes the spans. */
async function withTraces(target: Target, site: Site, name: string): Promise<Target> {
  const sink = await findFreePort();
  return {
    ...target,
    name,
    does: `${target.does}, and every call traced: two spans, sent over HTTP`,
    env: { ...target.env, OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${sink}` },
    companion: [site.toolbox.mock, String(sink)],
  };
}
