import { existsSync } from 'node:fs';
import type { BackendConfig } from '../config/backend-config.ts';
import { GatewayError } from '../gateway-error.ts';
import type { Secret } from '../secret.ts';
import type { Quota } from '../types/quota.ts';
import { type BackendReply, type RetryRule, UpstreamFailure } from './backend.ts';
import { faultOf } from './fault.ts';
import { Masking } from './masking.ts';
import { hasOverflowCode, overflowFigures, saysOverflow } from './overflow.ts';
import { readQuota } from './read-quota.ts';
import type { TransportError, UpstreamHeaders } from './transport.ts';
import { isLoopback } from './undici-transport.ts';
import { readErrorBody, readErrorValue, saysLoading, type UpstreamErrorBody } from './upstream-error-body.ts';
import { readWaitHint } from './wait-hint.ts';

const retriedStatuses: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504, 529]);
/** Statuses below 500 that an error within a 200 may stand for; of others it stays a wrong answer of the backend. */
const honouredStatuses: ReadonlySet<number> = new Set([401, 402, 403, 408, 429]);

/** What a backend refused a request with. */
interface Refusal {
  readonly status: number;
  readonly headers: UpstreamHeaders;
  readonly said: UpstreamErrorBody;
  /** How it said so, such as `answered 500`. */
  readonly how: string;
  readonly hintMs: number | undefined;
  readonly quota: Quota | undefined;
}

/** Turns everything that is no answer of a backend into a failure that says whose fault it is and what to do. */
export class Failures {
  readonly #config: BackendConfig;
  readonly #masking: Masking;

  constructor(config: BackendConfig) {
    this.#config = config;
    this.#masking = new Masking(config);
  }

  /** A token was granted for a key: it is masked as a key is. */
  granted(key: number, token: Secret): void {
    this.#masking.tokens[key] = token;
  }

  /**
   * A status that is no success.
   * @param key the place of the key that the request went out with
   */
  fromStatus(status: number, headers: UpstreamHeaders, body: Buffer, key: number): UpstreamFailure {
    if (status >= 300 && status < 400) return this.#redirect(status, headers);
    const quota = readQuota(headers);
    if (status === 401 || status === 403) return this.refusedKey(status, key, undefined, quota);
    const said = this.#masking.body(readErrorBody(body));
    const hintMs = readWaitHint(status, headers, said, quota);
    return this.#refused({ status, headers, said, how: `answered ${status}`, hintMs, quota });
  }

  /** A whole 200 that is an error all the same. */
  fromErrorBody(read: UpstreamErrorBody, headers: UpstreamHeaders): UpstreamFailure {
    const said = this.#masking.body(read);
    const quota = readQuota(headers);
    if (saysOverflow(said)) return this.#overflow(said, quota);
    const summary = `${this.#name} at ${this.#config.baseUrl} answered 200 with an error`;
    const error = new GatewayError('upstream_error', `${summary}: ${said.message}`, { summary });
    const known = said.status;
    if (known === undefined) return new UpstreamFailure(error, { retry: 'never', reached: true, quota });
    const hintMs = readWaitHint(known, headers, said, quota);
    return new UpstreamFailure(error, { retry: 'never', hintMs, reached: true, fault: faultOf(known, said), quota });
  }

  /** An error event before any output: it is what its status would have been, where it says one. */
  fromErrorEvent(event: unknown, headers: UpstreamHeaders, key: number): UpstreamFailure {
    const read = readErrorValue(event) ?? { message: 'no message', error: undefined };
    const { status } = read;
    const isHonoured = status !== undefined && (status >= 500 || honouredStatuses.has(status));
    if (!isHonoured || saysOverflow(read)) return this.fromErrorBody(read, headers);
    const quota = readQuota(headers);
    const how = `answered 200 with an error of status ${status} in its stream`;
    if (status === 401 || status === 403) return this.refusedKey(status, key, how, quota);
    const said = this.#masking.body(read);
    return this.#refused({ status, headers, said, how, hintMs: readWaitHint(status, headers, said, quota), quota });
  }

  #refused(refusal: Refusal): UpstreamFailure {
    const { status, headers, said, how, hintMs, quota } = refusal;
    if (status === 503 && saysLoading(said)) return this.#loading(said, hintMs);
    const again: RetryRule = headers['x-should-retry'] === 'false' ? 'elsewhere' : 'backoff';
    const retry: RetryRule = retriedStatuses.has(status) ? again : 'never';
    const options = { retry, hintMs, reached: true, fault: faultOf(status, said), quota };
    if (status === 429) {
      const summary = `${this.#name} is over its rate limit`;
      const how = { source: 'backend', summary } as const;
      return new UpstreamFailure(new GatewayError('rate_limit_exceeded', `${summary}: ${said.message}`, how), options);
    }
    if (hasOverflowCode(said)) return this.#overflow(said, quota);
    if (status >= 500 || status < 400) {
      const summary = `${this.#name} ${how}`;
      const retryable = retry !== 'never';
      const error = new GatewayError('upstream_error', `${summary}: ${said.message}`, { retryable, summary });
      return new UpstreamFailure(error, options);
    }
    if (saysOverflow(said)) return this.#overflow(said, quota);
    return new UpstreamFailure(this.#clientError(status, said), options);
  }

  /** A success whose body is of no use. */
  unreadable(why: string, status = 200): UpstreamFailure {
    const message = `${this.#name} at ${this.#config.baseUrl} answered ${status} with ${why}; is the URL's path right?`;
    return new UpstreamFailure(new GatewayError('upstream_error', message), { retry: 'never', reached: true });
  }

  /** An answer in which there is nothing, which is handed on all the same where nobody has a better one. */
  empty(reply: BackendReply): UpstreamFailure {
    const message = `${this.#name} at ${this.#config.baseUrl} answered ${reply.status} without any output`;
    const options = { retry: 'elsewhere', reached: true, quota: reply.quota, emptyReply: reply } as const;
    return new UpstreamFailure(new GatewayError('upstream_error', message), options);
  }

  /** What a request wants of an answer did not come in time. */
  late(why: string, reached: boolean): UpstreamFailure {
    const message = `${this.#name} at ${this.#config.baseUrl} gave ${why}, which is all that the route allows`;
    return new UpstreamFailure(new GatewayError('upstream_timeout', message), { retry: 'backoff', reached });
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

  /** A stream that broke before anything of it was handed on. */
  cutStart(why: string): UpstreamFailure {
    return new UpstreamFailure(this.cutStream(why), { retry: 'backoff', reached: true });
  }

  /**
   * The backend said 401 or 403, or its token endpoint refused the grant.
   * @param key the place of the key that was refused
   */
  refusedKey(status: number, key: number, how = `answered ${status}`, quota?: Quota): UpstreamFailure {
    const url = new URL(this.#config.baseUrl);
    const place = `${url.host}${url.pathname === '/' ? '' : url.pathname}`;
    const error = new GatewayError('upstream_auth_failed', `${this.#name} at ${place} ${how}: ${this.#usedKey(key)}`, {
      headers: [['x-should-retry', 'false']],
    });
    return new UpstreamFailure(error, { retry: 'never', reached: true, refusedWith: status, fault: 'key', quota });
  }

  #usedKey(key: number): string {
    const { credential } = this.#config.keys[key] ?? this.#config;
    if (credential.kind === 'none') return `no key was sent; ${credential.remedy} would supply one`;
    if (credential.kind === 'oauth') return `the token came from ${credential.source}`;
    const hint = credential.secret?.hint();
    return `the key came from ${credential.source}${hint ? ` and ends in ${hint}` : ''}`;
  }

  get #name(): string {
    return this.#config.origin === 'connectors' ? `provider ${this.#config.name}` : `backend ${this.#config.name}`;
  }

  #redirect(status: number, headers: UpstreamHeaders): UpstreamFailure {
    const target = this.#masking.text(String(headers.location ?? 'nowhere'));
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
    return new UpstreamFailure(error, { retry: 'loading', hintMs, reached: true, fault: 'nobody' });
  }

  #overflow(said: UpstreamErrorBody, quota: Quota | undefined): UpstreamFailure {
    const error = new GatewayError('context_length_exceeded', said.message, {
      param: 'messages',
      detail: { code: 'input_limit_exceeded', message: 'Input token limit exceeded', details: overflowFigures(said) },
      summary: `${this.#name} says that the prompt is too long`,
    });
    return new UpstreamFailure(error, { retry: 'never', reached: true, fault: 'mismatch', quota });
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
}

function isInContainer(): boolean {
  return (
    existsSync('/.dockerenv') || existsSync('/run/.containerenv') || process.env.KUBERNETES_SERVICE_HOST !== undefined
  );
}
