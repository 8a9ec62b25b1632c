import { connect, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import {
  type Transport,
  TransportError,
  type UpstreamExchange,
  type UpstreamHandler,
  type UpstreamRequest,
} from '../transport.ts';
import { type ConnectionOwner, Http1Connection } from './http1-connection.ts';
import { Http1Exchange } from './http1-exchange.ts';
import { requestHead } from './request-head.ts';

export interface Http1Options {
  /** `http:` or `https:`; of it the origin counts. */
  readonly url: URL;
  readonly connectTimeoutMs: number;
  /** More are not opened; further requests wait for a free one. */
  readonly maximumConnections: number;
  /** For how long an idle connection is kept, unless the backend keeps it shorter. */
  readonly keepAliveMs: number;
  /** In place of the system's resolver. */
  readonly lookup?: LookupFunction;
}

/** How often idle connections are looked through. */
const sweepMs = 1000;
/** So much before a backend closes an idle connection it is not used any more. */
const marginMs = 1000;

/**
 * A pool of keep-alive connections to one origin, one request at a time on each. A request whose connection dies is
 * never sent again from here, since it may have been received.
 */
export class Http1Transport implements Transport, ConnectionOwner {
  readonly #options: Http1Options;
  readonly #host: string;
  /** The one used last is used next, so that the others can be let go of. */
  readonly #idle: Http1Connection[] = [];
  readonly #all = new Set<Http1Connection>();
  #waiting: Http1Exchange[] = [];
  #sweeper: NodeJS.Timeout | undefined;
  #session: Buffer | undefined;
  #whenClosed: (() => void) | undefined;

  constructor(options: Http1Options) {
    this.#options = options;
    this.#host = options.url.host;
  }

  send(request: UpstreamRequest, handler: UpstreamHandler): UpstreamExchange {
    const exchange = new Http1Exchange(request, handler);
    if (this.#whenClosed !== undefined) return failSoon(exchange, 'the connections to this backend are closed');
    try {
      exchange.requestHead = requestHead(
        request.method,
        request.path,
        this.#host,
        request.headers,
        request.body?.length,
      );
    } catch (error) {
      return failSoon(exchange, (error as Error).message);
    }
    const idle = this.#idle.pop();
    if (idle !== undefined) {
      idle.wake();
      idle.carry(exchange);
    } else if (this.#all.size < this.#options.maximumConnections) this.#open(exchange);
    else this.#waiting.push(exchange);
    return exchange;
  }

  async close(): Promise<void> {
    if (this.#whenClosed !== undefined) return;
    clearInterval(this.#sweeper);
    await new Promise<void>((resolve) => {
      this.#whenClosed = resolve;
      for (const connection of this.#idle.splice(0)) connection.close();
      if (this.#all.size === 0) resolve();
    });
  }

  freed(connection: Http1Connection): void {
    const next = this.#nextWaiting();
    const isShort = connection.idleMs !== undefined && connection.idleMs <= marginMs;
    if (next !== undefined) connection.carry(next);
    else if (this.#whenClosed !== undefined || isShort) connection.close();
    else this.#keep(connection);
  }

  #keep(connection: Http1Connection): void {
    connection.rest(performance.now());
    this.#idle.push(connection);
    this.#sweeper ??= setInterval(() => this.#sweep(), sweepMs).unref();
  }

  gone(connection: Http1Connection): void {
    this.#all.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    const next = this.#nextWaiting();
    if (next !== undefined) this.#open(next);
    else if (this.#all.size === 0) this.#whenClosed?.();
  }

  #nextWaiting(): Http1Exchange | undefined {
    while (this.#waiting.length > 0) {
      const exchange = this.#waiting.shift();
      if (exchange !== undefined && !exchange.isOver) return exchange;
    }
    return undefined;
  }

  #open(exchange: Http1Exchange): void {
    const { url, connectTimeoutMs } = this.#options;
    const isTls = url.protocol === 'https:';
    const socket = isTls ? this.#connectTls() : connect(this.#address());
    const ready = isTls ? 'secureConnect' : 'connect';
    const connection = new Http1Connection({ socket, ready, connectTimeoutMs, owner: this });
    this.#all.add(connection);
    connection.carry(exchange);
  }

  #address() {
    const { url, lookup } = this.#options;
    return {
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: Number(url.port || (url.protocol === 'https:' ? 443 : 80)),
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 60_000,
      autoSelectFamily: true,
      ...(lookup && { lookup }),
    };
  }

  #connectTls(): Socket {
    const address = this.#address();
    const isIp = /^[\d.]+$|:/.test(address.host);
    const socket = connectTls({
      ...address,
      ALPNProtocols: ['http/1.1'],
      ...(!isIp && { servername: address.host }),
      ...(this.#session && { session: this.#session }),
    });
    socket.on('session', (session: Buffer) => {
      this.#session = session;
    });
    return socket;
  }

  /** Lets go of connections that carried nothing for long. */
  #sweep(): void {
    const now = performance.now();
    const { keepAliveMs } = this.#options;
    const old = this.#idle.filter(({ idleSince, idleMs }) => {
      const limit = idleMs === undefined ? keepAliveMs : Math.min(keepAliveMs, idleMs - marginMs);
      return now - idleSince > limit - sweepMs;
    });
    for (const connection of old) {
      this.#idle.splice(this.#idle.indexOf(connection), 1);
      connection.close();
    }
    if (this.#idle.length > 0) return;
    clearInterval(this.#sweeper);
    this.#sweeper = undefined;
  }
}

function failSoon(exchange: Http1Exchange, why: string): Http1Exchange {
  queueMicrotask(() => exchange.fail(new TransportError('protocol', why)));
  return exchange;
}
