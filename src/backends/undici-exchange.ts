import type { Dispatcher } from 'undici';
import {
  TransportError,
  type TransportFailure,
  type UpstreamExchange,
  type UpstreamHandler,
  type UpstreamHeaders,
} from './transport.ts';

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

const failures: Readonly<Record<string, readonly [TransportFailure, string]>> = {
  ECONNREFUSED: ['refused', 'connection refused'],
  EHOSTUNREACH: ['refused', 'host unreachable'],
  ENETUNREACH: ['refused', 'network unreachable'],
  EADDRNOTAVAIL: ['refused', 'address not available'],
  ENOTFOUND: ['name-not-found', 'name not found'],
  EAI_AGAIN: ['name-not-found', 'name not found (the resolver did not answer)'],
  ETIMEDOUT: ['connect-timeout', 'no connection in time'],
  UND_ERR_CONNECT_TIMEOUT: ['connect-timeout', 'no connection in time'],
  ECONNRESET: ['cut', 'the connection was cut'],
  EPIPE: ['cut', 'the connection was cut'],
  UND_ERR_SOCKET: ['cut', 'the connection was cut'],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: ['cut', 'the answer was shorter or longer than announced'],
  UND_ERR_HEADERS_OVERFLOW: ['protocol', 'the answer has too large headers'],
};

function toTransportError(error: Error & { code?: string; errors?: Error[] }, timeoutMs: number): TransportError {
  // A name with several addresses fails with one error per address; the first says enough.
  const first = error.errors?.[0] as (Error & { code?: string }) | undefined;
  const code = error.code ?? first?.code ?? '';
  const known = failures[code];
  if (known) return new TransportError(known[0], known[1], error);
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') {
    return new TransportError('timeout', `no answer in ${timeoutMs / 1000} s`, error);
  }
  if (/^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|UNABLE_TO|SELF_SIGNED|EPROTO|HOSTNAME)/.test(code)) {
    return new TransportError('tls', `TLS: ${code}`, error);
  }
  if (code.startsWith('HPE_')) return new TransportError('protocol', `the answer is no HTTP (${code})`, error);
  return new TransportError('cut', error.message || code || 'the connection failed', error);
}
