import type { Secret } from '../secret.ts';
import type { EffectiveSetting } from './config.ts';

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
  readonly written?: () => readonly EffectiveSetting[];
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
