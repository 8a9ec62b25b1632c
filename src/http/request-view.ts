import type { ExchangeRequest, RequestHeaders } from './exchange.ts';

/** The request half of an exchange, for those that answer it in another way. */
export class RequestView implements ExchangeRequest {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: Buffer;
  readonly remoteAddress: string;
  readonly receivedAt: number;
  readonly signal: AbortSignal;
  readonly #exchange: ExchangeRequest;

  /** @param signal in place of that of the exchange */
  constructor(exchange: ExchangeRequest, signal: AbortSignal = exchange.signal) {
    this.id = exchange.id;
    this.method = exchange.method;
    this.path = exchange.path;
    this.query = exchange.query;
    this.body = exchange.body;
    this.remoteAddress = exchange.remoteAddress;
    this.receivedAt = exchange.receivedAt;
    this.signal = signal;
    this.#exchange = exchange;
  }

  header(name: string): string | undefined {
    return this.#exchange.header(name);
  }

  headers(): RequestHeaders {
    return this.#exchange.headers();
  }
}
