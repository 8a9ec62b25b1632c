import type { BackendConfig } from '../config/backend-config.ts';
import type { GatewayError } from '../gateway-error.ts';
import type { ByteSource, Finish } from '../types/answer.ts';
import type { AttemptWatch } from '../types/call-watch.ts';
import type { Quota } from '../types/quota.ts';
import type { EventFilterRules } from './event-filter.ts';
import type { UpstreamHeaders } from './transport.ts';

/** One provider, ready to be called. Implementations: one per dialect; see `registry.ts`. */
export interface Backend {
  readonly config: BackendConfig;
  /**
   * One try, without retries.
   * @throws UpstreamFailure for everything that is no answer
   */
  send(request: BackendRequest): Promise<BackendReply>;
  /**
   * What the backend's own list of models says, asked with its key.
   * @throws UpstreamFailure
   */
  listModels(timeoutMs: number): Promise<readonly string[]>;
  /**
   * What a request to this path would look like. Sends nothing.
   * @throws UpstreamFailure where the backend is not configured
   */
  preview(path: string): Promise<RequestPreview>;
  /**
   * A backend of the same name for another configuration: over the same connections where all that matters to them is
   * equal, and with the same token where the credential is. Both are to be closed; the connections go with the last of
   * those that share them.
   */
  reconfigured(config: BackendConfig, options: BackendOptions): Backend;
  /** Lets running exchanges end, then closes the connections, unless another backend shares them. */
  close(): Promise<void>;
}

/** What holds for all backends of a configuration. */
export interface BackendOptions {
  /** Answers that are read whole may have this many bytes. */
  readonly maximumBytes: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly userAgent: string;
}

export interface BackendRequest {
  /** Such as `/chat/completions`. */
  readonly path: string;
  readonly body: Buffer;
  /** Of the client's headers those that go on: name, value, name, value ... */
  readonly headers: readonly string[];
  /** Whether a stream is asked for; decides what the timeout bounds. */
  readonly stream: boolean;
  /** Whether an answer without any output is a failure: not so for embeddings. */
  readonly generates: boolean;
  /** Which of `BackendConfig.keys` it goes out with. */
  readonly key: number;
  /**
   * Until the first real output, and of a whole answer until it is there; in milliseconds, beside the backend's own
   * `timeout`. A stream is held back so long. Undefined: no such bound.
   */
  readonly firstOutputMs: number | undefined;
  /** The longest silence of a stream that was handed on, likewise. */
  readonly gapMs: number | undefined;
  /** Until the answer's last byte. */
  readonly totalMs: number | undefined;
  readonly rules: EventFilterRules;
  readonly signal: AbortSignal;
  /** Told what goes over the wire; undefined: nobody watches. */
  readonly watch?: AttemptWatch | undefined;
}

/** Where a request would go, without anything secret. */
export interface RequestPreview {
  /** Absolute, with the query. */
  readonly url: string;
  /** The names of the headers that are sent, lower case. */
  readonly headerNames: readonly string[];
}

export interface BackendReply {
  readonly status: number;
  readonly headers: UpstreamHeaders;
  /** Whole, or a stream of which the first output is there, or of which nothing more is held back. */
  readonly body: Buffer | ByteSource;
  readonly firstByteAt: number;
  /** What it says is left of the key's limits; undefined: nothing. */
  readonly quota: Quota | undefined;
  readonly finished: Promise<Finish>;
}

/** What to do after a try that failed. */
export type RetryRule =
  /** Try again after a while, as the backend's `max_retries` allows. */
  | 'backoff'
  /** The server is loading its model: wait for it, apart from `max_retries`. */
  | 'loading'
  /** Not here again, as the backend itself says, but another candidate may help. */
  | 'elsewhere'
  | 'never';

/** Whose doing a failure is, and so who is to be left alone for a while. */
export type Fault =
  /** The request's own: every backend would say the same. */
  | 'client'
  /** The request's, but another model may take it: too long a prompt, a model that is not there. */
  | 'mismatch'
  /** The key was refused, or is not set. */
  | 'key'
  /** The key's limit is used up. */
  | 'quota'
  | 'backend'
  /** Nobody's: the client left, or the server is loading its model. */
  | 'nobody';

/** A try that gave no answer: what to tell the client if it was the last one, and whether another may help. */
export class UpstreamFailure extends Error {
  readonly error: GatewayError;
  readonly retry: RetryRule;
  /** How long the backend asked to wait, in milliseconds. */
  readonly hintMs: number | undefined;
  /** Whether the backend may have received anything of the request. */
  readonly reached: boolean;
  /** The status by which the backend refused the key; undefined: it did not. */
  readonly refusedWith: number | undefined;
  readonly fault: Fault;
  /** What the backend says is left of the key's limits. */
  readonly quota: Quota | undefined;
  /** An answer without any output, which the client gets all the same where nobody has a better one. */
  readonly emptyReply: BackendReply | undefined;

  constructor(error: GatewayError, options: FailureOptions) {
    super(error.message, { cause: error });
    this.name = 'UpstreamFailure';
    this.error = error;
    this.retry = options.retry;
    this.hintMs = options.hintMs;
    this.reached = options.reached;
    this.refusedWith = options.refusedWith;
    this.fault = options.fault ?? 'backend';
    this.quota = options.quota;
    this.emptyReply = options.emptyReply;
  }
}

export interface FailureOptions {
  readonly retry: RetryRule;
  readonly hintMs?: number | undefined;
  readonly reached: boolean;
  readonly refusedWith?: number | undefined;
  /** `backend` if left out. */
  readonly fault?: Fault;
  readonly quota?: Quota | undefined;
  readonly emptyReply?: BackendReply | undefined;
}
