import type { Role } from '../config/config.ts';
import type { Caller } from '../types/caller.ts';

/** One HTTP request. */
export interface ExchangeRequest {
  readonly id: string;
  readonly method: string;
  /** The path as it was sent, without the query. */
  readonly path: string;
  /** What stands behind the path's `?`; `''` where there is nothing. */
  readonly query: string;
  readonly body: Buffer;
  /** The client's IP address, or that of the proxy before it. */
  readonly remoteAddress: string;
  /** Milliseconds of `performance.now()`. */
  readonly receivedAt: number;
  /** Aborted when the client has gone before the answer was whole. */
  readonly signal: AbortSignal;
  /** A request header by its lower-case name; one that came several times is joined with commas. */
  header(name: string): string | undefined;
  /** All of them, by lower-case name. */
  headers(): RequestHeaders;
}

/** One HTTP request and the way to answer it: bytes in, bytes out, abort. Nothing above knows the server's library. */
export interface Exchange extends ExchangeRequest {
  /** Answers whole. */
  reply(status: number, headers: HeaderList, body: Buffer | string): void;
  /** Begins an answer that comes in pieces; the head leaves with the first of them. */
  begin(status: number, headers: HeaderList): void;
  /** False: the client is slower than what is written; `onDrain` is called when it has caught up. */
  write(chunk: Buffer): boolean;
  onDrain(listener: () => void): void;
  end(chunk?: Buffer): void;
}

export type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>;

export type HeaderList = readonly (readonly [string, string])[];

/** Who may use a route: `open` needs no key, `user` any key, `admin` an admin's. */
export type RouteRole = 'open' | Role;

export interface HttpRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** A path, or a prefix where it ends in `/`, or one with a name in braces in the place of any one part. */
  readonly path: string;
  readonly role: RouteRole;
  /**
   * Answers. Errors that are thrown become the answer.
   * @param caller who asks; on an open route nobody in particular
   * @param rest what stands behind a prefix or in the place of the braces, as it was sent
   * @returns a promise, where it takes a while
   */
  readonly handle: (exchange: Exchange, caller: Caller, rest: string) => unknown;
}
