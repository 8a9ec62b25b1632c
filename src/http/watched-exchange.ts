import type { CallWatch } from '../types/call-watch.ts';
import type { Exchange, HeaderList } from './exchange.ts';
import { RequestView } from './request-view.ts';

/** An exchange whose answer is watched on its way to the client. */
export class WatchedExchange extends RequestView implements Exchange {
  readonly #exchange: Exchange;
  readonly #watch: CallWatch;

  constructor(exchange: Exchange, watch: CallWatch) {
    super(exchange);
    this.#exchange = exchange;
    this.#watch = watch;
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
