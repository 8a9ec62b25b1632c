import type { Secret } from '../secret.ts';
import type { ApproachesConfig } from './approaches-config.ts';
import type { RepetitionConfig } from './brake-settings.ts';
import type { GroupSettings, LimitSettings } from './limit-settings.ts';
import type { ModelAlias, RouteConfig } from './route-config.ts';

/** The whole configuration, checked and immutable. Everything else is built from it. */
export interface Config {
  readonly settings: Settings;
  /** Keys of the gateway itself. None: open, and on loopback only. */
  readonly keys: readonly GatewayKey[];
  /** Limits under a name; by name. */
  readonly tiers: ReadonlyMap<string, LimitSettings>;
  /** Teams and tags that have limits, by name. */
  readonly teams: ReadonlyMap<string, GroupSettings>;
  readonly tags: ReadonlyMap<string, GroupSettings>;
  /** By name; what clients may write before the `:`. */
  readonly backends: ReadonlyMap<string, BackendConfig>;
  /** Providers of the connectors file, by label. No backends: clients cannot name them. */
  readonly providers: ReadonlyMap<string, BackendConfig>;
  /** By internal name. */
  readonly connectors: ReadonlyMap<string, Connector>;
  /** Virtual models, by their public names. */
  readonly routes: ReadonlyMap<string, RouteConfig>;
  /** Rewrites of the names that clients send, in the order in which they are tried. */
  readonly modelAliases: readonly ModelAlias[];
  /** What takes names that nothing else does, where `default_backend` is a selector and not the name of one backend. */
  readonly defaultRoute: RouteConfig | undefined;
  /** When streams are ended that repeat themselves, where their route says nothing; undefined: never. */
  readonly repetition?: RepetitionConfig | undefined;
  /** What holds for the approaches of all routes and requests. */
  readonly approaches: ApproachesConfig;
  /** Names of packages that were deleted while running: they mean nothing, whatever else would take them. */
  readonly deletedNames?: ReadonlySet<string>;
  /** Backends whose declared models were all deleted: unlike those that declare none, they offer nothing. */
  readonly emptiedBackends?: ReadonlySet<string>;
}

/** The effective gateway settings. */
export interface Settings {
  readonly host: string;
  readonly port: number;
  /** Absolute. */
  readonly configDir: string;
  /** The connectors file as the user would name it; undefined where there is none. */
  readonly connectorsFile: string | undefined;
  readonly defaultBackend: string | undefined;
  readonly forceContextWindow: number | undefined;
  readonly logLevel: LogLevel;
  readonly workers: number;
  /** Bytes of a request's body beyond which it is refused with 413. */
  readonly maxRequestBytes: number;
  /** Bytes of an answer that is read whole beyond which it is given up. */
  readonly maxResponseBytes: number;
  readonly storage: StorageSettings;
  readonly sharedLimits: SharedLimitsSettings;
  readonly idempotency: IdempotencySettings;
  readonly telemetry: TelemetrySettings;
  /** How long running requests may go on after SIGTERM. */
  readonly shutdownTimeoutMs: number;
  /** After how much silence a running stream gets a comment line; 0: never. */
  readonly streamHeartbeatMs: number;
  /** Each effective setting under its name in `headrace.yaml`, for `--print-config`. */
  readonly effective: readonly EffectiveSetting[];
}

/** Where state is kept that outlives a restart: in a database if there is one, else in a folder, else nowhere. */
export interface StorageSettings {
  /** Absolute; undefined: none. */
  readonly folder: string | undefined;
  /** Nobody asked for this folder, so that it is no fault where it cannot be made. */
  readonly isFolderDefault: boolean;
  /** Of a PostgreSQL database, with its password. */
  readonly url: Secret | undefined;
  readonly flushIntervalMs: number;
  /** How long usage is kept call by call. Undefined: for ever. */
  readonly keepUsageMs: number | undefined;
  /** The same for its sums by the hour. */
  readonly keepUsageSumsMs: number | undefined;
}

/** How several machines share their limits. */
export interface SharedLimitsSettings {
  /** Of a Redis or Valkey, with its password; undefined: limits hold for this machine alone. */
  readonly redisUrl: Secret | undefined;
  /** While it cannot be reached: go on with what is held and then with an equal share, or refuse. */
  readonly whenStoreLost: 'share' | 'refuse';
}

/** What becomes of requests that carry an `Idempotency-Key`. */
export interface IdempotencySettings {
  /** How long answers are kept, in milliseconds; 0: nothing is kept, and every call is made. */
  readonly keepMs: number;
  /** How long a call goes on for a client that has gone, so that it finds its answer when it asks again. */
  readonly lingerMs: number;
  /** Bytes of all answers that are kept. */
  readonly maxBytes: number;
  /** Bytes of one answer beyond which it is not kept. */
  readonly maxAnswerBytes: number;
}

/** What is recorded of requests beyond their log line and the metrics. */
export interface TelemetrySettings {
  /** Whether the log line of a request holds its body and its answer. */
  readonly logBodies: boolean;
  /** Undefined: nothing is captured. */
  readonly capture: CaptureSettings | undefined;
}

/** Where exchanges are captured, and how much of them is kept. */
export interface CaptureSettings {
  /** Absolute. */
  readonly folder: string;
  /** Bytes of a file beyond which the next one is begun. */
  readonly maxBytes: number;
  readonly maxFiles: number;
}

export interface EffectiveSetting {
  readonly name: string;
  /** A secret stands here as `env NAME ...last4`, never as itself. */
  readonly value: unknown;
  /** `flag --port`, `environment PORT`, `config/headrace.yaml:3:9` or `default`. */
  readonly source: string;
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';

export type Role = 'admin' | 'user';

export interface GatewayKey {
  readonly name: string;
  /** SHA-256 of the whole key. */
  readonly digest: Buffer;
  /** Its last four characters, where they are known; `''` otherwise. */
  readonly last4?: string;
  readonly role: Role;
  /** Public model names that this key may use; undefined: all. */
  readonly models: readonly string[] | undefined;
  readonly owner?: string | undefined;
  /** A team of the file. */
  readonly team?: string | undefined;
  readonly tags?: readonly string[];
  /** A tier of the file. */
  readonly tier?: string | undefined;
  readonly limits?: LimitSettings | undefined;
  /** Milliseconds since 1970. */
  readonly expiresAt?: number | undefined;
  /** Where it stands: `config/headrace.yaml:3:5` or `environment HEADRACE_ADMIN_KEY`. */
  readonly source?: string;
}

/** One provider: a `backend.yaml`, `--base-url`, a vendor whose key is in the environment, the demo, or a TOML provider. */
export interface BackendConfig {
  readonly name: string;
  readonly origin: 'file' | 'base-url' | 'vendor' | 'demo' | 'connectors';
  /** `custom`, or the vendor's name in the built-in catalogue. */
  readonly type: string;
  /** Absolute, without a slash at its end, query or fragment. A route such as `/chat/completions` is appended. */
  readonly baseUrl: string;
  /** `''`, or a query string with its `?`, which stands after the joined path. */
  readonly query: string;
  /** The first key of the pool, or the only credential. */
  readonly credential: Credential;
  /** All keys of the backend, at least one; their order is the file's. */
  readonly keys: readonly PoolKey[];
  /** The most calls at a time, and how many may wait; undefined: unlimited. */
  readonly concurrency: ConcurrencyConfig | undefined;
  /** When it is left alone after failures. */
  readonly breaker: BreakerConfig;
  /** On every request to this backend, as written. */
  readonly headers: readonly (readonly [string, string])[];
  /** The declared models by their upstream names. */
  readonly models: ReadonlyMap<string, ModelConfig>;
  readonly defaultModel: string | undefined;
  readonly timeoutMs: number;
  readonly maxRetries: number;
  readonly retryDelayMs: number;
  /** How long a 503 "loading model" is waited out; 0: not at all. */
  readonly loadingWaitMs: number;
  /** Where it is configured, for messages: a file, `--base-url`, `OPENAI_BASE_URL` ... */
  readonly place: string;
  /** What its file says, value by value with its place, for showing. */
  readonly written?: readonly EffectiveSetting[];
}

/** How a backend is told who calls. */
export type Credential =
  /** No credential at all is sent. `remedy` names the setting that would supply a key. */
  | { readonly kind: 'none'; readonly remedy: string }
  | {
      readonly kind: 'key';
      /** Lower case header name. */
      readonly header: string;
      /** `'Bearer '` or `''`; stands before the key. */
      readonly prefix: string;
      /** undefined: the variable is unset or empty, and the backend is not configured. */
      readonly secret: Secret | undefined;
      /** For messages: `OPENAI_API_KEY`, or `external-api-connectors.toml: openai.api_key`. */
      readonly source: string;
      /** The environment variable, where the key comes from one. */
      readonly variable: string | undefined;
    }
  /** An RFC 7523 JWT bearer grant; see `backends/oauth`. */
  | {
      readonly kind: 'oauth';
      readonly tokenUrl: string;
      readonly issuer: string;
      readonly audience: string;
      readonly scope: string | undefined;
      /** PEM. */
      readonly privateKey: Secret;
      readonly source: string;
    };

/** One credential of a backend, with what holds for it alone. */
export interface PoolKey {
  readonly credential: Credential;
  /** Its share of the traffic; more than 0. */
  readonly weight: number;
  /** The key's own rates, beside those of the models. */
  readonly requestsPerMinute: number | undefined;
  readonly tokensPerMinute: number | undefined;
}

export interface ConcurrencyConfig {
  readonly maxConcurrent: number;
  /** Calls that may wait for a place; 0: none waits. */
  readonly queueSize: number;
  /** The longest that one waits. */
  readonly queueTimeoutMs: number;
}

export interface BreakerConfig {
  /** Failures in a row that open it; 0: it never opens. */
  readonly failures: number;
  /** How long it stays open at first; doubled with each probe that fails, up to `longestMs`. */
  readonly openMs: number;
  readonly longestMs: number;
}

/** What a request may need of a model. */
export const abilities = ['streaming', 'tools', 'vision', 'audio', 'json_schema'] as const;
export type Ability = (typeof abilities)[number];

/** US dollars in nano-dollars per token; undefined: unknown, which is not 0. */
export interface ModelPrices {
  readonly input: number | undefined;
  readonly cachedInput: number | undefined;
  readonly output: number | undefined;
}

export interface ModelConfig {
  readonly limits: ModelLimits;
  /** What it can do; undefined: not said, so that it is taken to do everything. */
  readonly abilities: ReadonlySet<Ability> | undefined;
  /** What the file says of its prices; undefined: nothing. */
  readonly prices: ModelPrices | undefined;
  /** Defaults for request fields that are absent: the field's name, and its JSON text. */
  readonly parameters: ReadonlyMap<string, string>;
  /** `o200k_base`, `cl100k_base`, or the absolute path of a `tokenizer.json`. */
  readonly tokenizer: string;
}

export interface ModelLimits {
  readonly contextWindow: number | undefined;
  readonly maxInputTokens: number | undefined;
  readonly maxOutputTokens: number | undefined;
  readonly requestsPerMinute: number | undefined;
  readonly tokensPerMinute: number | undefined;
}

/** A model of a provider under a public name of the operator's own. */
export interface Connector {
  /** The public name. */
  readonly internal: string;
  /** The name that goes upstream. */
  readonly external: string;
  /** The provider's label, a key of `Config.providers`. */
  readonly provider: string;
  /** Its path in the file, for messages. */
  readonly path: string;
  /** What holds the internal name, such as `backend openai`; then the connector serves nothing yet. */
  readonly heldBy: string | undefined;
}
