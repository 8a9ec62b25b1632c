import type { Secret } from '../secret.ts';
import type { ApproachesConfig } from './approaches-config.ts';
import type { BackendConfig } from './backend-config.ts';
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
