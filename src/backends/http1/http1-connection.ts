import type { Socket } from 'node:net';
import { TransportError, type UpstreamHeaders } from '../transport.ts';
import { toTransportError } from '../transport-failures.ts';
import type { Carrier, Http1Exchange } from './http1-exchange.ts';
import { ResponseParser, type ResponseSink } from './response-parser.ts';

/** Up to this size head and body are copied into one piece, which is cheaper to write than two. */
const copiedBody = 16_384;

/** Who has connections, and is told what becomes of them. */
export interface ConnectionOwner {
  /** It can carry the next request. */
  freed(connection: Http1Connection): void;
  /** It is closed. */
  gone(connection: Http1Connection): void;
}

export interface ConnectionOptions {
  /** Begins to connect. */
  readonly socket: Socket;
  /** The event by which the socket says that it can be written to. */
  readonly ready: 'connect' | 'secureConnect';
  readonly connectTimeoutMs: number;
  readonly owner: ConnectionOwner;
}

/** One connection to a backend. It carries one exchange at a time, and may be kept for the next. */
export class Http1Connection implements Carrier, ResponseSink {
  /** Milliseconds of `performance.now()` since when it carries nothing. */
  idleSince = 0;
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #parser: ResponseParser;
  #exchange: Http1Exchange | undefined;
  #isReady = false;
  #error: Error | undefined;
  #connecting: NodeJS.Timeout | undefined;

  constructor({ socket, ready, connectTimeoutMs, owner }: ConnectionOptions) {
    this.#socket = socket;
    this.#owner = owner;
    this.#parser = new ResponseParser(this);
    this.#connecting = setTimeout(connectExpired, connectTimeoutMs, this);
    socket.on(ready, () => this.#connected());
    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    socket.on('end', () => this.#ended());
    socket.on('error', (error: Error) => {
      this.#error ??= error;
    });
    socket.on('close', () => this.#closed());
  }

  /** How long the backend keeps it while it carries nothing, as far as it said. */
  get idleMs(): number | undefined {
    return this.#parser.idleMs;
  }

  /** Takes an exchange; its request goes out as soon as the connection stands. */
  carry(exchange: Http1Exchange): void {
    this.#exchange = exchange;
    exchange.carriedBy(this);
    if (!this.#isReady) return;
    this.#parser.reset();
    this.#send(exchange);
  }

  /** Carries nothing and is to be closed. */
  close(): void {
    this.#socket.destroy();
  }

  /** It did not stand in time. */
  connectExpired(): void {
    this.#error ??= new TransportError('connect-timeout', 'no connection in time');
    this.#socket.destroy();
  }

  rest(now: number): void {
    this.idleSince = now;
    this.#socket.unref(); // alone it keeps no process alive
  }

  wake(): void {
    this.#socket.ref();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  drop(): void {
    this.#exchange = undefined;
    this.#socket.destroy();
  }

  head(status: number, headers: UpstreamHeaders): void {
    this.#exchange?.head(status, headers);
  }

  body(piece: Buffer): void {
    this.#exchange?.body(piece);
  }

  #connected(): void {
    clearTimeout(this.#connecting);
    this.#connecting = undefined;
    this.#isReady = true;
    if (this.#exchange === undefined) this.#socket.destroy();
    else this.#send(this.#exchange);
  }

  #send(exchange: Http1Exchange): void {
    const { requestHead: head, request } = exchange;
    const { body } = request;
    exchange.reached = true;
    if (body === undefined) this.#socket.write(head, 'latin1');
    else if (body.length <= copiedBody) {
      const whole = Buffer.allocUnsafe(head.length + body.length);
      whole.write(head, 0, 'latin1');
      body.copy(whole, head.length);
      this.#socket.write(whole);
    } else {
      this.#socket.cork();
      this.#socket.write(head, 'latin1');
      this.#socket.write(body);
      this.#socket.uncork();
    }
  }

  #received(chunk: Buffer): void {
    if (this.#exchange === undefined) return void this.#socket.destroy(); // nobody asked
    try {
      this.#parser.push(chunk);
    } catch (error) {
      this.#error = error as Error;
      this.#exchange?.deliver();
      this.#socket.destroy();
      return;
    }
    this.#exchange?.deliver();
    if (this.#parser.isDone) this.#whole();
  }

  /** The answer is there to its last byte. */
  #whole(): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    this.#exchange = undefined;
    if (this.#parser.keepsAlive && this.#socket.writableLength === 0 && !this.#socket.destroyed) {
      this.#socket.resume();
      this.#owner.freed(this);
    } else this.#socket.destroy();
    exchange.end();
  }

  /** The backend sends no more. */
  #ended(): void {
    if (this.#exchange !== undefined && this.#parser.finish()) this.#whole();
    else this.#socket.destroy();
  }

  #closed(): void {
    clearTimeout(this.#connecting);
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#owner.gone(this);
    if (exchange === undefined) return;
    const error = this.#error ?? new TransportError('cut', 'the connection was cut');
    exchange.fail(toTransportError(error, exchange.timeoutMs));
  }
}

function connectExpired(connection: Http1Connection): void {
  connection.connectExpired();
}
