import type { CallWatch } from '../types/call-watch.ts';
import type { Exchange, HeaderList, RequestHeaders } from './exchange.ts';

/** An exchange whose answer is watched on its way to the client. */
export class WatchedExchange implements Exchange {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: Buffer;
  readonly remoteAddress: string;
  readonly receivedAt: number;
  readonly signal: AbortSignal;
  readonly #exchange: Exchange;
  readonly #watch: CallWatch;

  constructor(exchange: Exchange, watch: CallWatch) {
    this.id = exchange.id;
    this.method = exchange.method;
    this.path = exchange.path;
    this.query = exchange.query;
    this.body = exchange.body;
    this.remoteAddress = exchange.remoteAddress;
    this.receivedAt = exchange.receivedAt;
    this.signal = exchange.signal;
    this.#exchange = exchange;
    this.#watch = watch;
  }

  header(name: string): string | undefined {
    return this.#exchange.header(name);
  }

  headers(): RequestHeaders {
    return this.#exchange.headers();
  }

  reply(status: number, headers: HeaderList, body: Buffer | string): void {
    if (!this.signal.aborted) {
      this.#watch.begun(status, headers);
      this.#watch.wrote(body);
    }
    this.#exchange.reply(status, headers, body);
  }

  begin(status: number, headers: HeaderList): void {
    this.#watch.begun(status, headers);
    this.#exchange.begin(status, headers);
  }

  write(chunk: Buffer): boolean {
    this.#watch.wrote(chunk);
    return this.#exchange.write(chunk);
  }

  onDrain(listener: () => void): void {
    this.#exchange.onDrain(listener);
  }

  end(chunk?: Buffer): void {
    if (chunk !== undefined) this.#watch.wrote(chunk);
    this.#exchange.end(chunk);
  }
}
