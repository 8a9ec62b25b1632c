import { existsSync } from 'node:fs';
import type { BackendConfig } from '../config/config.ts';
import { GatewayError } from '../gateway-error.ts';
import { Secret } from '../secret.ts';
import { type RetryRule, UpstreamFailure } from './backend.ts';
import { readRetryHint } from './retry-hint.ts';
import type { TransportError, UpstreamHeaders } from './transport.ts';
import { isLoopback } from './undici-transport.ts';
import {
  hasOverflowCode,
  readErrorBody,
  saysLoading,
  saysOverflow,
  type UpstreamErrorBody,
} from './upstream-error-body.ts';

const retriedStatuses: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504, 529]);

/** Turns everything that is no answer of a backend into a failure that says whose fault it is and what to do. */
export class Failures {
  /** The token that was granted last, which is masked as a key is. */
  token: Secret | undefined;
  readonly #config: BackendConfig;
  /** Values of configured headers may be secrets as well. */
  readonly #headerValues: readonly Secret[];

  constructor(config: BackendConfig) {
    this.#config = config;
    this.#headerValues = config.headers.filter(([, value]) => value.length >= 8).map(([, value]) => new Secret(value));
  }

  /** A status that is no success. */
  fromStatus(status: number, headers: UpstreamHeaders, body: Buffer): UpstreamFailure {
    if (status >= 300 && status < 400) return this.#redirect(status, headers);
    if (status === 401 || status === 403) return this.refusedKey(status);
    const said = this.#masked(readErrorBody(body));
    const hintMs = readRetryHint(headers);
    if (status === 503 && saysLoading(said)) return this.#loading(said, hintMs);
    const again: RetryRule = headers['x-should-retry'] === 'false' ? 'elsewhere' : 'backoff';
    const retry: RetryRule = retriedStatuses.has(status) ? again : 'never';
    if (status === 429) {
      const summary = `${this.#name} is over its rate limit`;
      const error = new GatewayError('rate_limit_exceeded', `${summary}: ${said.message}`, {
        source: 'backend',
        summary,
      });
      return new UpstreamFailure(error, { retry, hintMs, reached: true });
    }
    if (hasOverflowCode(said)) return this.#overflow(said);
    if (status >= 500 || status < 400) {
      const summary = `${this.#name} answered ${status}`;
      const retryable = retry !== 'never';
      const error = new GatewayError('upstream_error', `${summary}: ${said.message}`, { retryable, summary });
      return new UpstreamFailure(error, { retry, hintMs, reached: true });
    }
    if (saysOverflow(said)) return this.#overflow(said);
    return new UpstreamFailure(this.#clientError(status, said), { retry, hintMs, reached: true });
  }

  /** A 200 that is an error all the same. */
  fromErrorBody(said: UpstreamErrorBody): UpstreamFailure {
    const masked = this.#masked(said);
    if (saysOverflow(masked)) return this.#overflow(masked);
    const summary = `${this.#name} at ${this.#config.baseUrl} answered 200 with an error`;
    const error = new GatewayError('upstream_error', `${summary}: ${masked.message}`, { summary });
    return new UpstreamFailure(error, { retry: 'never', reached: true });
  }

  /** A success whose body is of no use. */
  unreadable(why: string, status = 200): UpstreamFailure {
    const message = `${this.#name} at ${this.#config.baseUrl} answered ${status} with ${why}; is the URL's path right?`;
    return new UpstreamFailure(new GatewayError('upstream_error', message), { retry: 'never', reached: true });
  }

  fromTransport(error: TransportError, reached: boolean): UpstreamFailure {
    return new UpstreamFailure(this.transportError(error), { retry: 'backoff', reached });
  }

  /** What a client is told about a connection that failed, before or in the middle of an answer. */
  transportError(error: TransportError): GatewayError {
    const url = this.#config.baseUrl;
    if (error.failure === 'timeout') {
      const setting = `the setting "timeout" of backend ${this.#config.name} allows more`;
      return new GatewayError('upstream_timeout', `${this.#name} at ${url} gave ${error.message}; ${setting}`, {
        cause: error,
      });
    }
    const message = `${this.#name} at ${url} is unreachable: ${error.message}${this.#nextStep(error)}`;
    const code = error.failure === 'connect-timeout' ? 'upstream_timeout' : 'upstream_unreachable';
    return new GatewayError(code, message, { cause: error });
  }

  /** A stream that broke after its first bytes. */
  cutStream(error: TransportError | string): GatewayError {
    const why = typeof error === 'string' ? error : error.message;
    const code = typeof error !== 'string' && error.failure === 'timeout' ? 'upstream_timeout' : 'upstream_error';
    return new GatewayError(code, `${this.#name} broke off its stream: ${why}`);
  }

  /** The backend said 401 or 403, or its token endpoint refused the grant. */
  refusedKey(status: number, what = `answered ${status}`): UpstreamFailure {
    const { credential, baseUrl } = this.#config;
    const url = new URL(baseUrl);
    const place = `${url.host}${url.pathname === '/' ? '' : url.pathname}`;
    let used: string;
    if (credential.kind === 'none') used = `no key was sent; ${credential.remedy} would supply one`;
    else if (credential.kind === 'oauth') used = `the token came from ${credential.source}`;
    else {
      const hint = credential.secret?.hint();
      used = `the key came from ${credential.source}${hint ? ` and ends in ${hint}` : ''}`;
    }
    const error = new GatewayError('upstream_auth_failed', `${this.#name} at ${place} ${what}: ${used}`, {
      headers: [['x-should-retry', 'false']],
    });
    return new UpstreamFailure(error, { retry: 'never', reached: true, refusedWith: status });
  }

  get #name(): string {
    return this.#config.origin === 'connectors' ? `provider ${this.#config.name}` : `backend ${this.#config.name}`;
  }

  #redirect(status: number, headers: UpstreamHeaders): UpstreamFailure {
    const target = this.#mask(String(headers.location ?? 'nowhere'));
    const message = `${this.#name} at ${this.#config.baseUrl} answered ${status}, a redirect to ${target}; redirects are not followed: correct the URL (${this.#config.place})`;
    return new UpstreamFailure(new GatewayError('upstream_error', message, { retryable: false }), {
      retry: 'never',
      reached: true,
    });
  }

  #loading(said: UpstreamErrorBody, hintMs: number | undefined): UpstreamFailure {
    const summary = `${this.#name} is not ready`;
    const error = new GatewayError('backend_unavailable', `${summary}: ${said.message}`, {
      retryAfterMs: hintMs ?? 5000,
      source: 'backend',
      summary,
    });
    return new UpstreamFailure(error, { retry: 'loading', hintMs, reached: true });
  }

  #overflow(said: UpstreamErrorBody): UpstreamFailure {
    const details = knownLimit(said.detail) ?? { model: null, limit: null, measured: null };
    const error = new GatewayError('context_length_exceeded', said.message, {
      param: 'messages',
      detail: { code: 'input_limit_exceeded', message: 'Input token limit exceeded', details },
      summary: `${this.#name} says that the prompt is too long`,
    });
    return new UpstreamFailure(error, { retry: 'never', reached: true });
  }

  /** Another 4xx: the client's to read, as the backend put it. */
  #clientError(status: number, said: UpstreamErrorBody): GatewayError {
    const code = status === 404 ? 'not_found' : status === 413 ? 'request_too_large' : 'invalid_request';
    return new GatewayError(code, said.message, {
      status,
      retryable: status === 408,
      summary: `${this.#name} answered ${status}`,
      ...(said.error ? { upstreamError: said.error } : {}),
    });
  }

  #nextStep(error: TransportError): string {
    const { hostname, host } = new URL(this.#config.baseUrl);
    if (error.failure === 'name-not-found') return `; check the host's name in ${this.#config.place}`;
    if (error.failure === 'tls') return '; check the scheme (http or https) and the certificate';
    if (error.failure === 'connect-timeout') return '; check the address, the port and any firewall';
    if (error.failure !== 'refused') return '';
    if (isLoopback(hostname) && isInContainer()) {
      return `; inside a container ${hostname} is the container itself: try host.docker.internal`;
    }
    return `; is the server running, and does it listen on ${host}?`;
  }

  #masked(said: UpstreamErrorBody): UpstreamErrorBody {
    const message = this.#mask(said.message);
    const error = said.error && (this.#maskAll(said.error) as Record<string, unknown>);
    return { message, error, detail: this.#maskAll(said.detail) };
  }

  #maskAll(value: unknown): unknown {
    if (typeof value === 'string') return this.#mask(value);
    if (Array.isArray(value)) return value.map((item) => this.#maskAll(item));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [this.#mask(key), this.#maskAll(item)]));
  }

  #mask(text: string): string {
    const { credential } = this.#config;
    const secret = credential.kind === 'key' ? credential.secret : this.token;
    const masked = secret ? secret.mask(text) : text;
    return this.#headerValues.reduce((left, value) => value.mask(left), masked);
  }
}

/** The limit in figures, where the backend is a gateway that says it as this one does. */
function knownLimit(detail: unknown): { model: string; limit: number; measured: number } | undefined {
  const { code, details } = (detail ?? {}) as { code?: unknown; details?: Record<string, unknown> | null };
  const { model, limit, measured } = details ?? {};
  if (code !== 'input_limit_exceeded' || typeof model !== 'string') return undefined;
  return typeof limit === 'number' && typeof measured === 'number' ? { model, limit, measured } : undefined;
}

function isInContainer(): boolean {
  return (
    existsSync('/.dockerenv') || existsSync('/run/.containerenv') || process.env.KUBERNETES_SERVICE_HOST !== undefined
  );
}
