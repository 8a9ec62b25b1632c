import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { catalogue } from '../../src/approaches/catalogue.ts';
import { ConfigLoader } from '../../src/config/config-loader.ts';
import type { Flags } from '../../src/config/flags.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { type Gateway, startGateway } from '../../src/gateway.ts';
import { openLog } from '../../src/telemetry/log.ts';
import { Canaries } from './canaries.ts';

export interface TestGatewayOptions {
  /** Files of the configuration folder by their paths, such as `backends/a/backend.yaml`. */
  readonly files?: Readonly<Record<string, string>>;
  readonly flags?: Flags;
  /** The whole environment; nothing of the test's own is seen. */
  readonly env?: Readonly<Record<string, string>>;
  /** The test has switched on that prompts are logged. */
  readonly logsBodies?: boolean;
}

export interface TestGateway {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly gateway: Gateway;
  /** The configuration folder; what is written there takes effect. */
  readonly folder: string;
  /** The lines that `check` would print. */
  readonly problems: readonly string[];
  /** The log so far, a parsed line each. */
  log(): Record<string, unknown>[];
  /** POSTs JSON; a string goes as it is. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  /** A key was made with this secret, which may stand nowhere from then on. */
  keepSecret(secret: string): void;
}

/** Writes a configuration folder that is removed at the end of the test. */
export async function writeConfig(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'headrace-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

/** Starts a whole gateway on a free port, from files, flags and environment as a user would give them; ends with the test. */
export async function startTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const folder = await writeConfig(options.files ?? {});
  const env = options.env ?? {};
  const flags = { port: '0', configDir: folder, logLevel: 'debug', ...options.flags };
  const loader = new ConfigLoader({ flags, env, cwd: folder, approaches: catalogue });
  const { problems, config, sources } = await loader.load();
  const lines = problems.map(formatProblem);
  if (config === undefined) throw new Error(`the configuration is wrong:\n${lines.join('\n')}`);
  let written = '';
  const log = openLog(config.settings.logLevel, {
    write: (text: string) => {
      written += text;
    },
  });
  const gateway = await startGateway(config, { log, env, load: () => loader.load(), sources });
  const canaries = new Canaries();
  canaries.addKeys(env);
  onTestFinished(async () => {
    const told = await whatItTells(gateway, env);
    gateway.cut();
    await gateway.close();
    if (options.logsBodies !== true) canaries.expectNoneIn('the log', written);
    canaries.expectNoneIn('the metrics or an admin answer', told);
  });
  const url = `http://127.0.0.1:${gateway.port}`;
  return {
    url,
    gateway,
    folder,
    problems: lines,
    log: () =>
      written
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    post: (path, body, headers = {}) => {
      canaries.addPrompt(body);
      return fetch(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });
    },
    get: (path, headers = {}) => fetch(url + path, { headers }),
    keepSecret: (secret) => canaries.addSecret(secret),
  };
}

/** What may be long is asked for as long as it gets. */
const adminPages = [
  'config',
  'connectors',
  'keys?limit=1000',
  'teams?limit=1000',
  'tags?limit=1000',
  'limits?limit=1000',
  'usage?group_by=key,owner,team,asked&limit=1000',
  'usage/calls?limit=1000',
];

/** The pages that show what the gateway knows, as far as this environment has the key to them. */
async function whatItTells(gateway: Gateway, env: Readonly<Record<string, string>>): Promise<string> {
  const key = env.HEADRACE_ADMIN_KEY;
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const pages = ['/metrics', '/health/ready', ...adminPages.map((page) => `/admin/${page}`)];
  const texts = pages.map(async (path) => {
    try {
      return await (await fetch(`http://127.0.0.1:${gateway.port}${path}`, { headers })).text();
    } catch {
      return ''; // the test has ended it
    }
  });
  return (await Promise.all(texts)).join('\n');
}

/** A minimal `backend.yaml` for a scripted backend; further lines stand behind it. */
export function backendYaml(baseUrl: string, more = 'auth_type: none'): string {
  return `backend_type: custom\napi_base_url: ${baseUrl}\n${more}\n`;
}
