import type { WireWatch } from '../types/call-watch.ts';
import type { TransportError, UpstreamHandler, UpstreamHeaders } from './transport.ts';

/** Tells a watch, and then the handler itself, what comes back. */
export class WatchedHandler implements UpstreamHandler {
  readonly #handler: UpstreamHandler;
  readonly #watch: WireWatch;

  constructor(handler: UpstreamHandler, watch: WireWatch) {
    this.#handler = handler;
    this.#watch = watch;
  }

  head(status: number, headers: UpstreamHeaders): void {
    this.#watch.head(status, headers);
    this.#handler.head(status, headers);
  }

  data(chunk: Buffer): void {
    this.#watch.data(chunk);
    this.#handler.data(chunk);
  }

  end(): void {
    this.#watch.closed();
    this.#handler.end();
  }

  fail(error: TransportError): void {
    this.#watch.closed(error.failure);
    this.#handler.fail(error);
  }
}
