import {
  TransportError,
  type UpstreamExchange,
  type UpstreamHandler,
  type UpstreamHeaders,
  type UpstreamRequest,
} from '../transport.ts';

/** What carries an exchange, once it has a connection. */
export interface Carrier {
  pause(): void;
  resume(): void;
  /** The exchange is given up: nothing more of it is wanted. */
  drop(): void;
}

/** One request under way, with its clock. */
export class Http1Exchange implements UpstreamExchange {
  readonly request: UpstreamRequest;
  /** The first lines of the request. */
  requestHead = '';
  reached = false;
  isOver = false;
  readonly #handler: UpstreamHandler;
  readonly #countsGaps: boolean;
  #timeoutMs: number;
  #timer: NodeJS.Timeout;
  #carrier: Carrier | undefined;
  #isPaused = false;
  #pieces: Buffer[] | undefined;
  #piece: Buffer | undefined;

  constructor(request: UpstreamRequest, handler: UpstreamHandler) {
    this.request = request;
    this.#handler = handler;
    this.#timeoutMs = request.timeoutMs;
    this.#countsGaps = request.timeoutKind === 'gap';
    this.#timer = setTimeout(expire, request.timeoutMs, this);
  }

  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  abort(): void {
    if (this.isOver) return;
    this.#finish();
    this.#carrier?.drop();
  }

  pause(): void {
    if (this.isOver || this.#isPaused) return;
    this.#isPaused = true;
    this.#carrier?.pause();
  }

  resume(): void {
    if (this.isOver || !this.#isPaused) return;
    this.#isPaused = false;
    if (this.#countsGaps) this.#timer.refresh();
    this.#carrier?.resume();
  }

  boundGap(milliseconds: number): void {
    if (this.isOver || !this.#countsGaps || milliseconds >= this.#timeoutMs) return;
    clearTimeout(this.#timer);
    this.#timeoutMs = milliseconds;
    this.#timer = setTimeout(expire, milliseconds, this);
  }

  /** The clock ran out; called by the timer. */
  expire(): void {
    if (this.isOver) return;
    if (this.#isPaused && this.#countsGaps) {
      this.#timer.refresh(); // it is the client that is slow
      return;
    }
    const carrier = this.#carrier;
    this.fail(new TransportError('timeout', `no answer in ${this.#timeoutMs / 1000} s`));
    carrier?.drop();
  }

  /** It has a connection. */
  carriedBy(carrier: Carrier): void {
    this.#carrier = carrier;
  }

  head(status: number, headers: UpstreamHeaders): void {
    if (!this.isOver) this.#handler.head(status, headers);
  }

  /** A piece of the body; pieces of one read of the socket are kept together until they are delivered. */
  body(piece: Buffer): void {
    if (this.#piece === undefined) this.#piece = piece;
    else if (this.#pieces === undefined) this.#pieces = [this.#piece, piece];
    else this.#pieces.push(piece);
  }

  deliver(): void {
    const piece = this.#piece;
    if (piece === undefined || this.isOver) return;
    const pieces = this.#pieces;
    this.#piece = undefined;
    this.#pieces = undefined;
    if (this.#countsGaps) this.#timer.refresh();
    this.#handler.data(pieces === undefined ? piece : Buffer.concat(pieces));
  }

  end(): void {
    if (this.isOver) return;
    this.#finish();
    this.#handler.end();
  }

  fail(error: TransportError): void {
    if (this.isOver) return;
    this.#finish();
    this.#handler.fail(error);
  }

  #finish(): void {
    this.isOver = true;
    clearTimeout(this.#timer);
  }
}

function expire(exchange: Http1Exchange): void {
  exchange.expire();
}
