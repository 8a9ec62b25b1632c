import type { LookupFunction } from 'node:net';
import { type Dispatcher, EnvHttpProxyAgent } from 'undici';
import { Http1Transport } from './http1/http1-transport.ts';
import type { Transport, UpstreamExchange, UpstreamHandler, UpstreamRequest } from './transport.ts';
import { UndiciExchange } from './undici-exchange.ts';

/** More connections than this to one backend are not opened; further requests wait for a free one. */
const maximumConnections = 2048;

/** Shorter than the five seconds after which common servers close idle connections. */
const keepAliveMs = 4000;

export interface TransportOptions {
  /** `http://host:port` or `https://host:port`. */
  readonly origin: string;
  readonly connectTimeoutMs: number;
  /** Where `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` are read. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Opens a pool of keep-alive connections to one origin: over our own client, or through a proxy over undici. Connects on
 * first use.
 */
export function openTransport({ origin, connectTimeoutMs, env }: TransportOptions): Transport {
  const url = new URL(origin);
  const lookup = url.hostname === 'localhost' ? { lookup: bothLoopbacks } : {};
  const proxies = isLoopback(url.hostname) ? undefined : proxySettings(env ?? {});
  if (proxies === undefined) {
    return new Http1Transport({ url, connectTimeoutMs, maximumConnections, keepAliveMs, ...lookup });
  }
  const connect = { timeout: connectTimeoutMs, noDelay: true, autoSelectFamily: true, ...lookup };
  const pool = {
    connect,
    allowH2: false,
    pipelining: 1,
    connections: maximumConnections,
    keepAliveTimeout: keepAliveMs,
    headersTimeout: 0, // each exchange has its own clock
    bodyTimeout: 0,
  };
  return new UndiciTransport(new EnvHttpProxyAgent({ ...pool, ...proxies }), url.origin);
}

/** The way through proxies, which undici knows. */
export class UndiciTransport implements Transport {
  readonly #dispatcher: Dispatcher;
  readonly #origin: string;

  constructor(dispatcher: Dispatcher, origin: string) {
    this.#dispatcher = dispatcher;
    this.#origin = origin;
  }

  send(request: UpstreamRequest, handler: UpstreamHandler): UpstreamExchange {
    const exchange = new UndiciExchange(handler, request.timeoutMs, request.timeoutKind);
    try {
      this.#dispatcher.dispatch(
        {
          origin: this.#origin,
          path: request.path,
          method: request.method,
          headers: request.headers as string[],
          body: request.body ?? null,
        },
        exchange,
      );
    } catch (error) {
      exchange.failSoon(error as Error);
    }
    return exchange;
  }

  async close(): Promise<void> {
    await this.#dispatcher.close();
  }
}

/** Whether a URL's host name means this machine; such traffic never goes through a proxy. */
export function isLoopback(hostname: string): boolean {
  const name = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  return name === 'localhost' || name.endsWith('.localhost') || name === '::1' || /^127\.\d+\.\d+\.\d+$/.test(name);
}

/** `localhost` means both loopback addresses, whatever the resolver says; the one that accepts is taken. */
const bothLoopbacks: LookupFunction = (_hostname, options, callback) => {
  const addresses = [
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ];
  if (options.all) callback(null, addresses);
  else callback(null, '127.0.0.1', 4);
};

function proxySettings(env: Readonly<Record<string, string | undefined>>) {
  const read = (name: string) => env[name.toLowerCase()] || env[name] || undefined;
  const all = read('ALL_PROXY');
  const httpProxy = read('HTTP_PROXY') ?? all;
  const httpsProxy = read('HTTPS_PROXY') ?? all;
  if (!httpProxy && !httpsProxy) return undefined;
  return {
    ...(httpProxy ? { httpProxy } : {}),
    ...(httpsProxy ? { httpsProxy } : {}),
    noProxy: read('NO_PROXY') ?? '',
  };
}
