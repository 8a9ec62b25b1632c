import { type ApproachesConfig, noApproach } from '../config/approaches-config.ts';
import type { BackendConfig, Credential, ModelConfig, PoolKey } from '../config/backend-config.ts';
import type { Config, GatewayKey, Settings } from '../config/config.ts';
import type { RouteConfig } from '../config/route-config.ts';
import { Secret } from '../secret.ts';
import { shorterPolicy, shorterTimes } from './shorter-times.ts';
import type { StandIns } from './stand-ins.ts';

/** What the drill calls with. */
export const drillKey = new Secret('headrace-drill-key');

export interface DrillConfigOptions {
  readonly standIns: Pick<StandIns, 'of'>;
  /** Whether the rates of models and keys hold. */
  readonly limits: boolean;
  /** The time-out of the backend that is to fail, as it is configured, in milliseconds. */
  readonly timeoutMs: number;
  /** The longest that one try may take, in milliseconds. */
  readonly longestTryMs: number;
}

/**
 * The user's configuration with stand-ins in place of all backends and providers. Everything that could lead or tell
 * anything out of this machine is made anew and never copied: URLs, queries, credentials, headers, files, ports.
 * So each object is written out field by field, and a field that is new somewhere has to be thought of here.
 * @throws Error where it would lead elsewhere than to a stand-in
 */
export function drillConfig(config: Config, options: DrillConfigOptions): Config {
  const replaced = (backends: ReadonlyMap<string, BackendConfig>) =>
    new Map([...backends].map(([name, backend]) => [name, replacedBackend(backend, options)]));
  const shortened = (route: RouteConfig): RouteConfig => ({
    ...route,
    ...noApproach, // it is the calls below that are drilled
    policy: shorterPolicy(route.policy, options.timeoutMs, options.longestTryMs),
  });
  const { defaultRoute } = config;
  const made: Config = {
    settings: replacedSettings(config.settings),
    keys: [adminKey],
    tiers: new Map(), // nobody's budget stands in the way
    teams: new Map(),
    tags: new Map(),
    backends: replaced(config.backends),
    providers: replaced(config.providers),
    connectors: config.connectors,
    routes: new Map([...config.routes].map(([name, route]) => [name, shortened(route)])),
    modelAliases: [], // a drill asks for what it means
    approaches: nothingAround,
    defaultRoute: defaultRoute && shortened(defaultRoute),
  };
  checkItStaysHere(made, config, options);
  return made;
}

/** No tools, no search, no code: nothing of what approaches may reach. */
const nothingAround: ApproachesConfig = {
  fromRequest: false,
  maxCalls: 1,
  keepAliveMs: 10_000,
  codeExecution: { enabled: false, command: [], timeoutMs: 0, memoryBytes: 0, outputBytes: 0 },
  mcpServers: new Map(),
  webSearch: undefined,
  analyzer: undefined,
  readUrlsAllowHosts: [],
};

const adminKey: GatewayKey = { name: 'drill', digest: drillKey.digest(), role: 'admin', models: undefined };

function replacedSettings(settings: Settings): Settings {
  return {
    host: '127.0.0.1',
    port: 0,
    configDir: settings.configDir,
    connectorsFile: settings.connectorsFile,
    defaultBackend: settings.defaultBackend,
    forceContextWindow: settings.forceContextWindow,
    logLevel: 'silent',
    workers: 1,
    maxRequestBytes: settings.maxRequestBytes,
    maxResponseBytes: settings.maxResponseBytes,
    sharedLimits: { redisUrl: undefined, whenStoreLost: 'share' },
    storage: { ...settings.storage, folder: undefined, url: undefined },
    idempotency: settings.idempotency,
    telemetry: { logBodies: false, capture: undefined },
    shutdownTimeoutMs: Math.min(settings.shutdownTimeoutMs, 1000),
    streamHeartbeatMs: settings.streamHeartbeatMs,
    effective: [],
  };
}

function replacedBackend(
  backend: BackendConfig,
  { standIns, limits, longestTryMs }: DrillConfigOptions,
): BackendConfig {
  const keys = backend.keys.map((key, place) => replacedKey(key, place, limits));
  const { concurrency } = backend;
  return {
    name: backend.name,
    origin: backend.origin,
    type: backend.type,
    baseUrl: standIns.of(backend).baseUrl,
    query: '',
    credential: keys[0]?.credential ?? noCredential,
    keys,
    concurrency: concurrency && {
      ...concurrency,
      queueTimeoutMs: Math.min(concurrency.queueTimeoutMs, longestTryMs),
    },
    breaker: backend.breaker,
    headers: [],
    models: limits ? backend.models : new Map([...backend.models].map(([name, model]) => [name, unlimited(model)])),
    defaultModel: backend.defaultModel,
    maxRetries: backend.maxRetries,
    ...shorterTimes(backend, longestTryMs),
    place: 'the drill',
  };
}

const noCredential: Credential = { kind: 'none', remedy: 'a drill has no real keys' };

/** A made-up one for each, also where the real one is not set, so that a drill runs where no keys are. */
function replacedKey(key: PoolKey, place: number, limits: boolean): PoolKey {
  const secret = new Secret(`made-up-key-of-a-drill-${place + 1}`);
  const source = 'the drill';
  const credential: Credential =
    key.credential.kind === 'none'
      ? noCredential
      : { kind: 'key', header: 'authorization', prefix: 'Bearer ', secret, source, variable: undefined };
  return {
    credential,
    weight: key.weight,
    requestsPerMinute: limits ? key.requestsPerMinute : undefined,
    tokensPerMinute: limits ? key.tokensPerMinute : undefined,
  };
}

function unlimited(model: ModelConfig): ModelConfig {
  return { ...model, limits: { ...model.limits, requestsPerMinute: undefined, tokensPerMinute: undefined } };
}

/** The last look before anything is sent. */
function checkItStaysHere(made: Config, real: Config, { standIns }: DrillConfigOptions): void {
  for (const [backends, reals] of [
    [made.backends, real.backends],
    [made.providers, real.providers],
  ] as const) {
    for (const [name, backend] of backends) {
      const original = reals.get(name);
      const { hostname } = new URL(backend.baseUrl);
      const isHere = hostname === '127.0.0.1' && original && backend.baseUrl === standIns.of(original).baseUrl;
      const isMadeUp = backend.keys.every(({ credential }) => isMadeUpCredential(credential));
      if (!isHere || !isMadeUp || !isMadeUpCredential(backend.credential))
        throw new Error(`the drill would have sent requests of the backend ${name} elsewhere than to its stand-in`);
    }
  }
}

function isMadeUpCredential(credential: Credential): boolean {
  if (credential.kind === 'none') return true;
  return credential.kind === 'key' && credential.secret?.reveal().startsWith('made-up-key-of-a-drill-') === true;
}
