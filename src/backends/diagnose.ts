import type { BackendConfig, Credential } from '../config/backend-config.ts';
import type { Config } from '../config/config.ts';
import type { GatewayError } from '../gateway-error.ts';
import type { Backend, UpstreamFailure } from './backend.ts';
import { configuredKey } from './configured-key.ts';
import { blamesPath, saysNoModel, type Trial, tryChat } from './diagnose-chat.ts';
import { TransportError } from './transport.ts';

/** How a backend did in one real chat. */
export type Diagnosis =
  | {
      readonly ok: true;
      /** The model that answered, by its upstream name. */
      readonly model: string;
      /** Milliseconds from asking to the whole answer. */
      readonly elapsedMs: number;
    }
  | {
      readonly ok: false;
      /** What is wrong. Holds at most the last four characters of a key. */
      readonly problem: string;
      /** What to do about it. */
      readonly advice: string;
    };

export interface DiagnoseOptions {
  /** The upstream model to ask; undefined: the first that the backend lists. See {@link modelToAsk}. */
  readonly model: string | undefined;
  /** Makes a backend of its configuration; it is closed here. */
  readonly open: (config: BackendConfig) => Backend;
  /** Milliseconds that a chat may take, if the backend's own timeout is not shorter. */
  readonly timeoutMs?: number;
}

type Failed = Extract<Trial, { kind: 'failed' }>;

const usualTimeoutMs = 60_000;

/**
 * Asks a backend for one token, with its key, and says what is wrong where no answer comes. Where the path of the URL
 * seems to be wrong, `/v1` and the root of the same origin are tried. A backend whose key is not set is not asked.
 */
export async function diagnose(config: BackendConfig, options: DiagnoseOptions): Promise<Diagnosis> {
  if (configuredKey(config) === undefined) {
    return explainMissing(config.keys.map(({ credential }) => variableOf(credential)));
  }
  const timeoutMs = Math.min(config.timeoutMs, options.timeoutMs ?? usualTimeoutMs);
  const limited = { ...config, timeoutMs };
  const trial = await tryAt(limited, options);
  if (trial.kind === 'answered') return { ok: true, model: trial.model, elapsedMs: trial.elapsedMs };
  if (!blamesPath(trial.failure)) return explainFailure(trial, limited, options);
  return tryOtherPaths(trial, limited, options);
}

/** The model by which a backend is asked: its default, else the first that is declared, else undefined. */
export function modelToAsk(backend: BackendConfig, config: Config): string | undefined {
  if (backend.origin !== 'connectors') return backend.defaultModel ?? backend.models.keys().next().value;
  const own = [...config.connectors.values()].filter((connector) => connector.provider === backend.name);
  return (own.find((connector) => connector.heldBy === undefined) ?? own[0])?.external;
}

async function tryAt(config: BackendConfig, options: DiagnoseOptions): Promise<Trial> {
  const backend = options.open(config);
  try {
    return await tryChat(backend, options.model);
  } finally {
    await backend.close();
  }
}

async function tryOtherPaths(first: Failed, config: BackendConfig, options: DiagnoseOptions): Promise<Diagnosis> {
  const { origin } = new URL(config.baseUrl);
  const others = [`${origin}/v1`, origin].filter((url) => url !== config.baseUrl);
  const problem = describe(first.failure, config);
  let near: { url: string; trial: Failed } | undefined;
  for (const url of others) {
    const trial = await tryAt({ ...config, baseUrl: url }, options);
    if (trial.kind === 'answered') return wrong(`the URL's path is wrong: ${problem}`, adviseUrl(url, config));
    if (near === undefined && trial.failure.reached && !blamesPath(trial.failure)) near = { url, trial };
  }
  if (near !== undefined) {
    const there = describe(near.trial.failure, { ...config, baseUrl: near.url });
    return wrong(`the URL's path is wrong: ${problem}`, `${adviseUrl(near.url, config)}, where it ${there}`);
  }
  return wrong(
    problem,
    `check the URL's path in ${config.place}; no chat is answered at ${others.join(' and ')} either`,
  );
}

/** The value to write, and where. */
function adviseUrl(url: string, config: BackendConfig): string {
  const kept = config.query === '' ? '' : ' (with the query that it has)';
  if (config.origin === 'file') return `write api_base_url: ${url}${kept} in ${config.place}, which answers`;
  if (config.origin === 'connectors')
    return `write base_url = "${url}"${kept} for ${config.name} in ${config.place}, which answers`;
  const isRoot = new URL(url).pathname === '/';
  if (config.origin === 'base-url' && !isRoot) return `write ${config.place} ${url}${kept}, which answers`;
  // A URL without a path, typed by hand, gets /v1: only a file says it as it stands.
  return `write api_base_url: ${url}${kept} in a backend.yaml, which answers`;
}

function explainFailure({ failure, model }: Failed, config: BackendConfig, options: DiagnoseOptions): Diagnosis {
  const { error, retry } = failure;
  const problem = describe(failure, config);
  if (retry === 'loading') return wrong(problem, 'wait until its model is loaded, and ask again');
  if (saysNoModel(error)) return wrong(problem, adviseModel(model, config, options));
  switch (error.code) {
    case 'upstream_auth_failed':
      return wrong(problem, adviseKey(config));
    case 'rate_limit_exceeded':
      return wrong(problem, 'URL and key are right; wait, or raise the limit with the provider');
    case 'upstream_unreachable':
      return wrong(problem, adviseConnection(error, config));
    case 'upstream_timeout':
      if (error.cause instanceof TransportError && error.cause.failure === 'connect-timeout') {
        return wrong(problem, adviseConnection(error, config));
      }
      return wrong(problem, 'it may still be loading its model: ask again, and see the log of that server');
    case 'upstream_error':
      return wrong(problem, 'see the log of that server');
    default:
      return wrong(problem, adviseModel(model, config, options));
  }
}

function adviseConnection({ message, cause }: GatewayError, config: BackendConfig): string {
  const { place } = config;
  const credential = usedCredential(config);
  if (credential.kind === 'oauth' && message.startsWith('the token endpoint'))
    return `check token_url at ${credential.source}`;
  const failure = cause instanceof TransportError ? cause.failure : undefined;
  if (failure === 'name-not-found') return `correct the URL in ${place}`;
  if (failure === 'refused' || failure === 'connect-timeout') return `start the server, or correct the URL in ${place}`;
  return `correct the URL in ${place}, or see the log of that server`;
}

function adviseKey(config: BackendConfig): string {
  const { origin, place } = config;
  const credential = usedCredential(config);
  if (credential.kind === 'key') return `correct the key in ${credential.source}`;
  if (credential.kind === 'oauth') return `correct ${credential.source}`;
  return origin === 'base-url'
    ? `set ${credential.remedy} to a key that it takes`
    : `write ${credential.remedy}: VARIABLE in ${place}, and set that variable to a key that it takes`;
}

function adviseModel(model: string | undefined, config: BackendConfig, options: DiagnoseOptions): string {
  if (model === undefined) return 'load or pull a model there, or name one as default_model';
  if (config.origin === 'connectors') return `correct the connector's "external" in ${config.place}`;
  if (options.model !== undefined) return `"${model}" was asked for; name a chat model that it has as default_model`;
  return `"${model}" was asked for, as no model is declared; name a chat model that it has as default_model`;
}

/** What happened, in words that can stand behind the backend's name. */
function describe({ error }: UpstreamFailure, config: BackendConfig): string {
  if (error.code === 'upstream_timeout') return `${config.baseUrl} gave no answer in ${config.timeoutMs / 1000} s`;
  const kind = config.origin === 'connectors' ? 'provider' : 'backend';
  const named = `${kind} ${config.name} `;
  const rest = error.message.startsWith(named) ? error.message.slice(named.length) : error.message;
  const message = rest.replace(/^at (?=\S)/, '');
  // A 4xx carries the backend's own words alone.
  const isBare = error.source === 'client' && error.status < 500 && error.code !== 'model_not_found';
  return isBare ? `${config.baseUrl} answered ${error.status}: ${message}` : message;
}

/** @param variables of keys that are not set; at least one */
function explainMissing(variables: readonly string[]): Diagnosis {
  const [only] = variables;
  if (variables.length === 1) return wrong(`not asked, as its key is missing: ${only} is not set`, `set ${only}`);
  const all = variables.join(', ');
  return wrong(`not asked, as its keys are missing: none of ${all} is set`, `set at least one of ${all}`);
}

function variableOf(credential: Credential): string {
  return credential.kind === 'key' ? (credential.variable ?? credential.source) : credential.kind;
}

/** The credential that was used. */
function usedCredential(config: BackendConfig): Credential {
  return config.keys[configuredKey(config) ?? 0]?.credential ?? config.credential;
}

function wrong(problem: string, advice: string): Diagnosis {
  return { ok: false, problem, advice };
}
