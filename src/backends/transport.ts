/** The way to a backend's sockets. Nothing above this interface knows undici, sockets or HTTP framing. */
export interface Transport {
  /** Sends one request. Never throws and never calls the handler before it returned. */
  send(request: UpstreamRequest, handler: UpstreamHandler): UpstreamExchange;
  /** Lets running exchanges end, then closes the connections. */
  close(): Promise<void>;
}

export interface UpstreamRequest {
  readonly method: 'GET' | 'POST';
  /** Path and query, as they go on the wire. */
  readonly path: string;
  /** Name, value, name, value ... */
  readonly headers: readonly string[];
  readonly body: Buffer | undefined;
  /**
   * Milliseconds. `total`: from sending to the last byte. `gap`: up to the first byte of the body, then between bytes.
   */
  readonly timeoutMs: number;
  readonly timeoutKind: 'total' | 'gap';
}

/** Response headers by lower-case name; a header that came several times is a list. */
export type UpstreamHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** Told what comes back, in this order: `head`, any number of `data`, then `end`; or `fail` at any time, which is the last. */
export interface UpstreamHandler {
  head(status: number, headers: UpstreamHeaders): void;
  data(chunk: Buffer): void;
  end(): void;
  fail(error: TransportError): void;
}

export interface UpstreamExchange {
  /** Gives up: the socket is closed, and the handler hears nothing more. */
  abort(): void;
  /** No more data until `resume`, and no gap is counted meanwhile. */
  pause(): void;
  resume(): void;
  /** From now on no gap may be longer than this; what the request allows is never made longer. */
  boundGap(milliseconds: number): void;
  /** Whether the backend may have received anything of the request. */
  readonly reached: boolean;
}

export type TransportFailure =
  | 'refused'
  | 'name-not-found'
  | 'connect-timeout'
  | 'timeout'
  | 'tls'
  | 'cut'
  | 'protocol';

/** Why there was no answer, or only a part of one. */
export class TransportError extends Error {
  readonly failure: TransportFailure;

  constructor(failure: TransportFailure, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'TransportError';
    this.failure = failure;
  }
}
