/** Whose fault an error is: the client's request, this gateway, or the backend behind it. */
export type ErrorSource = 'client' | 'gateway' | 'backend';

interface ErrorKind {
  readonly status: number;
  readonly type: string;
  readonly source: ErrorSource;
  readonly retryable: boolean;
}

/** Every error code that this gateway itself gives, with what goes with it. The reference page is written from it. */
export const errorCodes = {
  context_length_exceeded: { status: 400, type: 'invalid_request_error', source: 'client', retryable: false },
  output_limit_exceeded: { status: 400, type: 'invalid_request_error', source: 'client', retryable: false },
  approach_budget_exceeded: { status: 400, type: 'invalid_request_error', source: 'client', retryable: false },
  invalid_json: { status: 400, type: 'invalid_request_error', source: 'client', retryable: false },
  invalid_request: { status: 400, type: 'invalid_request_error', source: 'client', retryable: false },
  ambiguous_model: { status: 400, type: 'invalid_request_error', source: 'client', retryable: false },
  invalid_api_key: { status: 401, type: 'authentication_error', source: 'client', retryable: false },
  permission_denied: { status: 403, type: 'permission_error', source: 'client', retryable: false },
  model_not_found: { status: 404, type: 'not_found_error', source: 'client', retryable: false },
  unknown_backend: { status: 404, type: 'not_found_error', source: 'client', retryable: false },
  unknown_checkpoint: { status: 404, type: 'not_found_error', source: 'client', retryable: false },
  not_found: { status: 404, type: 'not_found_error', source: 'client', retryable: false },
  method_not_allowed: { status: 405, type: 'invalid_request_error', source: 'client', retryable: false },
  conflict: { status: 409, type: 'invalid_request_error', source: 'client', retryable: false },
  request_timeout: { status: 408, type: 'invalid_request_error', source: 'client', retryable: true },
  request_too_large: { status: 413, type: 'invalid_request_error', source: 'client', retryable: false },
  idempotency_key_reused: { status: 422, type: 'invalid_request_error', source: 'client', retryable: false },
  rate_limit_exceeded: { status: 429, type: 'rate_limit_error', source: 'gateway', retryable: true },
  budget_exceeded: { status: 429, type: 'insufficient_quota', source: 'gateway', retryable: false },
  client_closed_request: { status: 499, type: 'invalid_request_error', source: 'client', retryable: false },
  internal_error: { status: 500, type: 'server_error', source: 'gateway', retryable: false },
  upstream_auth_failed: { status: 502, type: 'upstream_error', source: 'backend', retryable: false },
  upstream_unreachable: { status: 502, type: 'upstream_error', source: 'backend', retryable: true },
  upstream_error: { status: 502, type: 'upstream_error', source: 'backend', retryable: true },
  backend_unavailable: { status: 503, type: 'upstream_error', source: 'gateway', retryable: true },
  overloaded: { status: 503, type: 'server_error', source: 'gateway', retryable: true },
  upstream_timeout: { status: 504, type: 'upstream_error', source: 'backend', retryable: true },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorCodes;

export interface GatewayErrorOptions {
  /** Another status than the table's, such as a backend's own 4xx. */
  readonly status?: number;
  readonly source?: ErrorSource;
  readonly retryable?: boolean;
  /** Milliseconds after which trying again makes sense; becomes `retry-after`. */
  readonly retryAfterMs?: number;
  /** The request field at fault. */
  readonly param?: string;
  /** The body's `detail`, for clients that read the machine-readable form of a limit. */
  readonly detail?: unknown;
  /** What was tried before, for the body's `attempts`. */
  readonly attempts?: readonly object[];
  /** Further response headers. */
  readonly headers?: readonly (readonly [string, string])[];
  /** The message without the words of a backend, which may quote a prompt: what a log may hold. */
  readonly summary?: string;
  /** The backend's own `error` object, which then stands in place of the gateway's. */
  readonly upstreamError?: Record<string, unknown>;
  readonly cause?: unknown;
}

/** The one error class. It becomes bytes at the edge only (`http/errors.ts`, or a protocol's error event). */
export class GatewayError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly type: string;
  readonly source: ErrorSource;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly param: string | undefined;
  readonly detail: unknown;
  readonly attempts: readonly object[] | undefined;
  readonly headers: readonly (readonly [string, string])[];
  readonly upstreamError: Record<string, unknown> | undefined;
  /** What a log may hold of the message. */
  readonly summary: string;

  constructor(code: ErrorCode, message: string, options: GatewayErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'GatewayError';
    const kind = errorCodes[code];
    this.code = code;
    this.status = options.status ?? kind.status;
    this.type = kind.type;
    this.source = options.source ?? kind.source;
    this.retryable = options.retryable ?? kind.retryable;
    this.retryAfterMs = options.retryAfterMs;
    this.param = options.param;
    this.detail = options.detail;
    this.attempts = options.attempts;
    this.headers = options.headers ?? [];
    this.upstreamError = options.upstreamError;
    this.summary = options.summary ?? message;
  }

  /** The same error with some of its options changed. */
  with(changes: GatewayErrorOptions): GatewayError {
    const { status, source, retryable, headers, detail, attempts, cause, param, upstreamError, summary } = this;
    const { retryAfterMs } = this;
    const known = {
      status,
      source,
      retryable,
      headers,
      detail,
      attempts,
      cause,
      param,
      upstreamError,
      summary,
      retryAfterMs,
    };
    const options = Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined));
    return new GatewayError(this.code, this.message, { ...options, ...changes });
  }
}
