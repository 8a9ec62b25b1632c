import type { Dispatcher } from 'undici';
import { TransportError, type UpstreamExchange, type UpstreamHandler, type UpstreamHeaders } from './transport.ts';
import { toTransportError } from './transport-failures.ts';

/** One request under way: undici's handler on the one side, {@link UpstreamExchange} on the other, with its clock. */
export class UndiciExchange implements UpstreamExchange, Dispatcher.DispatchHandler {
  readonly #handler: UpstreamHandler;
  #timeoutMs: number;
  readonly #countsGaps: boolean;
  #timer: NodeJS.Timeout;
  #controller: Dispatcher.DispatchController | undefined;
  #over = false;
  #paused = false;
  #pieces: Buffer[] = [];
  reached = false;

  constructor(handler: UpstreamHandler, timeoutMs: number, timeoutKind: 'total' | 'gap') {
    this.#handler = handler;
    this.#timeoutMs = timeoutMs;
    this.#countsGaps = timeoutKind === 'gap';
    this.#timer = setTimeout(expire, timeoutMs, this);
  }

  abort(): void {
    if (this.#over) return;
    this.#finish();
    this.#controller?.abort(new Error('aborted'));
  }

  pause(): void {
    if (this.#over || this.#paused) return;
    this.#paused = true;
    this.#controller?.pause();
  }

  resume(): void {
    if (this.#over || !this.#paused) return;
    this.#paused = false;
    if (this.#countsGaps) this.#timer.refresh();
    this.#controller?.resume();
  }

  boundGap(milliseconds: number): void {
    if (this.#over || !this.#countsGaps || milliseconds >= this.#timeoutMs) return;
    clearTimeout(this.#timer);
    this.#timeoutMs = milliseconds;
    this.#timer = setTimeout(expire, milliseconds, this);
  }

  /** For a request that could not even be handed over. */
  failSoon(error: Error): void {
    queueMicrotask(() => this.#fail(toTransportError(error, this.#timeoutMs)));
  }

  /** The clock ran out; called by the timer. */
  expire(): void {
    if (this.#over) return;
    if (this.#paused && this.#countsGaps) {
      this.#timer.refresh(); // it is the client that is slow
      return;
    }
    this.#fail(new TransportError('timeout', `no answer in ${this.#timeoutMs / 1000} s`));
    this.#controller?.abort(new Error('timed out'));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#over) controller.abort(new Error('aborted before it was sent'));
    else this.reached = true;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: UpstreamHeaders): void {
    if (this.#over || status < 200) return;
    this.#handler.head(status, headers);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return;
    // One read of the socket may bring hundreds of HTTP chunks; they go on as one piece, in the same tick.
    if (this.#pieces.push(chunk) === 1) queueMicrotask(() => this.#deliver());
  }

  onResponseEnd(): void {
    this.#deliver();
    if (this.#over) return;
    this.#finish();
    this.#handler.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    this.#deliver();
    this.#fail(toTransportError(error, this.#timeoutMs));
  }

  #deliver(): void {
    const pieces = this.#pieces;
    if (this.#over || pieces.length === 0) return;
    this.#pieces = [];
    if (this.#countsGaps) this.#timer.refresh();
    this.#handler.data(pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces));
  }

  #fail(error: TransportError): void {
    if (this.#over) return;
    this.#finish();
    this.#handler.fail(error);
  }

  #finish(): void {
    this.#over = true;
    clearTimeout(this.#timer);
  }
}

function expire(exchange: UndiciExchange): void {
  exchange.expire();
}
