import type { BackendConfig, Credential } from '../config/backend-config.ts';
import { GatewayError } from '../gateway-error.ts';
import type { AttemptWatch } from '../types/call-watch.ts';
import { type Authorizer, createAuthorizer } from './authorizer.ts';
import {
  type Backend,
  type BackendOptions,
  type BackendReply,
  type BackendRequest,
  type RequestPreview,
  UpstreamFailure,
} from './backend.ts';
import { hiddenHeaders, ownHeaders } from './backend-headers.ts';
import { configuredKey } from './configured-key.ts';
import { Failures } from './failures.ts';
import { ReplyReader } from './reply-reader.ts';
import { isSameConnection, isSameCredential } from './same-connection.ts';
import type { Transport, TransportError, UpstreamHandler, UpstreamRequest } from './transport.ts';
import { openTransport } from './undici-transport.ts';
import { WatchedHandler } from './watched-handler.ts';

const connectLimitMs = 10_000;

/** What several configurations of one backend can share. */
interface Shared {
  readonly transport: Transport;
  readonly failures: Failures;
  /** One for each key, at its place. */
  readonly authorizers: readonly Authorizer[];
  /** The URL's path without a closing slash. */
  readonly basePath: string;
  readonly postHeaders: readonly string[];
  readonly getHeaders: readonly string[];
  users: number;
}

/** The default dialect: any server that speaks OpenAI's API, driven by its configuration alone. */
export class OpenAiBackend implements Backend {
  readonly config: BackendConfig;
  readonly #shared: Shared;
  readonly #options: BackendOptions;
  /** Of what is sent, in lower case, the headers that nobody may see. */
  #hiddenHeaders: ReadonlySet<string> | undefined;

  constructor(config: BackendConfig, options: BackendOptions, shared: Shared = createShared(config, options)) {
    this.config = config;
    this.#options = options;
    this.#shared = shared;
    shared.users++;
  }

  get #failures(): Failures {
    return this.#shared.failures;
  }

  #authorizer(key: number): Authorizer {
    return this.#shared.authorizers[key] as Authorizer;
  }

  /** The key for what belongs to no request; where none is configured, the first says so. */
  get #anyKey(): number {
    return configuredKey(this.config) ?? 0;
  }

  get #transport(): Transport {
    return this.#shared.transport;
  }

  async send(request: BackendRequest): Promise<BackendReply> {
    const authorizer = this.#authorizer(request.key);
    const credential = authorizer.header();
    if (!(credential instanceof Promise)) return this.#post(request, credential);
    const token = await credential;
    try {
      return await this.#post(request, token);
    } catch (failure) {
      // A token may have been revoked before its time: one more grant, and the call once more.
      if (!(failure instanceof UpstreamFailure) || failure.refusedWith !== 401) throw failure;
      if (!authorizer.renew(token)) throw failure;
      return this.#post(request, await authorizer.header());
    }
  }

  async listModels(timeoutMs: number): Promise<readonly string[]> {
    const key = this.#anyKey;
    const headers = [...this.#shared.getHeaders, ...(await this.#authorizer(key).header())];
    const { status, body, responseHeaders } = await this.#get('/models', headers, timeoutMs);
    if (status < 200 || status > 299) throw this.#failures.fromStatus(status, responseHeaders, body, key);
    let list: unknown;
    try {
      list = JSON.parse(body.toString());
    } catch {
      throw this.#failures.unreadable('a list of models that is no JSON');
    }
    const data = Array.isArray(list) ? list : (list as { data?: unknown } | null)?.data;
    if (!Array.isArray(data)) throw this.#failures.unreadable('no list of models');
    return data.map((model: { id?: unknown } | null) => model?.id).filter((id) => typeof id === 'string');
  }

  async preview(path: string): Promise<RequestPreview> {
    const key = this.#anyKey;
    const isToken = this.config.keys[key]?.credential.kind === 'oauth'; // a real one would cost a grant
    const credential = isToken ? ['authorization', ''] : await this.#authorizer(key).header();
    const headers = [...this.#shared.postHeaders, ...credential];
    const url = new URL(this.config.baseUrl).origin + this.#shared.basePath + path + this.config.query;
    return { url, headerNames: headers.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase()) };
  }

  reconfigured(config: BackendConfig, options: BackendOptions): Backend {
    if (isSameConnection(this.config, config)) return new OpenAiBackend(config, options, this.#shared);
    const earlier = config.keys.map(({ credential }) => this.#authorizerOf(credential));
    return new OpenAiBackend(config, options, createShared(config, options, earlier));
  }

  #authorizerOf(credential: Credential): Authorizer | undefined {
    const key = this.config.keys.findIndex((known) => isSameCredential(known.credential, credential));
    return this.#shared.authorizers[key];
  }

  async close(): Promise<void> {
    this.#shared.users--;
    if (this.#shared.users === 0) await this.#transport.close();
  }

  #post(request: BackendRequest, credential: readonly string[]): Promise<BackendReply> {
    const { signal } = request;
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(cancelled());
      const { maximumBytes } = this.#options;
      const reader = new ReplyReader({ request, failures: this.#failures, maximumBytes, resolve, reject });
      const headers =
        request.headers.length === 0
          ? this.#shared.postHeaders.concat(credential)
          : this.#shared.postHeaders.concat(credential, request.headers);
      const handler =
        request.watch === undefined ? reader : this.#watched(request.watch, request, headers, credential, reader);
      const exchange = this.#transport.send(this.#upstreamRequest('POST', request.path, headers, request), handler);
      reader.exchange = exchange;
      signal.addEventListener('abort', () => {
        reader.cancel();
        reject(cancelled(exchange.reached));
      });
    });
  }

  #watched(
    watch: AttemptWatch,
    request: BackendRequest,
    headers: readonly string[],
    credential: readonly string[],
    handler: UpstreamHandler,
  ): UpstreamHandler {
    const { baseUrl, query } = this.config;
    this.#hiddenHeaders ??= hiddenHeaders(this.config);
    const url = baseUrl + request.path + query;
    const sent = { url, headers, body: request.body, hidden: this.#hiddenHeaders, credential };
    return new WatchedHandler(handler, watch.sent(sent));
  }

  #upstreamRequest(
    method: 'GET' | 'POST',
    path: string,
    headers: readonly string[],
    how: { body?: Buffer; stream?: boolean; timeoutMs?: number },
  ): UpstreamRequest {
    return {
      method,
      path: this.#shared.basePath + path + this.config.query,
      headers,
      body: how.body,
      timeoutMs: how.timeoutMs ?? this.config.timeoutMs,
      timeoutKind: how.stream ? 'gap' : 'total',
    };
  }

  #get(path: string, headers: readonly string[], timeoutMs: number) {
    return new Promise<{
      status: number;
      body: Buffer;
      responseHeaders: Readonly<Record<string, string | string[] | undefined>>;
    }>((resolve, reject) => {
      const chunks: Buffer[] = [];
      let size = 0;
      let status = 0;
      let responseHeaders = {};
      const handler: UpstreamHandler = {
        head: (code, headers) => {
          status = code;
          responseHeaders = headers;
        },
        data: (chunk) => {
          size += chunk.length;
          if (size <= this.#options.maximumBytes) return void chunks.push(chunk);
          exchange.abort();
          reject(this.#failures.unreadable('a list of models that is too large'));
        },
        end: () => resolve({ status, body: Buffer.concat(chunks), responseHeaders }),
        fail: (error: TransportError) => reject(this.#failures.fromTransport(error, exchange.reached)),
      };
      const exchange = this.#transport.send(this.#upstreamRequest('GET', path, headers, { timeoutMs }), handler);
    });
  }
}

/** @param earlier for each key one that has the same credential, and perhaps a token */
function createShared(
  config: BackendConfig,
  options: BackendOptions,
  earlier: readonly (Authorizer | undefined)[] = [],
): Shared {
  const failures = new Failures(config);
  const connectTimeoutMs = Math.min(config.timeoutMs, connectLimitMs);
  const { origin, pathname } = new URL(config.baseUrl);
  const getHeaders = ownHeaders(config, options.userAgent);
  return {
    transport: openTransport({ origin, connectTimeoutMs, env: options.env }),
    basePath: pathname.replace(/\/+$/, ''),
    getHeaders,
    postHeaders: ['content-type', 'application/json', ...getHeaders],
    failures,
    authorizers: config.keys.map(({ credential }, key) =>
      createAuthorizer({ credential, key, backend: config.name, failures, env: options.env, earlier: earlier[key] }),
    ),
    users: 0,
  };
}

function cancelled(reached = false): UpstreamFailure {
  const error = new GatewayError('client_closed_request', 'the client went away');
  return new UpstreamFailure(error, { retry: 'never', reached, fault: 'nobody' });
}
