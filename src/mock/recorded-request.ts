import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { isJsonObject, type JsonObject } from './json-object.ts';

/** How an exchange ended: answered whole, left by the client before its end, or cut by the mock server itself. */
export type RequestEnd = 'answered' | 'aborted' | 'cut';

/** One request as it arrived, recorded when its body is whole. Times are those of `performance.now()`, in milliseconds. */
export class RecordedRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** `''`, or the query with its `?`. */
  readonly query: string;
  /** Names and values in turn, as sent. */
  readonly rawHeaders: readonly string[];
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** When the head had come. */
  readonly arrivedAt: number;
  readonly remotePort: number | undefined;
  /** Resolves when the exchange is over. */
  readonly ended: Promise<RequestEnd>;
  #end: { readonly how: RequestEnd; readonly at: number } | undefined;
  #resolveEnded: (end: RequestEnd) => void;
  #json: JsonObject | undefined;

  constructor(incoming: IncomingMessage, body: Buffer, arrivedAt: number, remotePort: number | undefined) {
    const target = incoming.url ?? '/';
    const mark = target.indexOf('?');
    this.method = incoming.method ?? '';
    this.path = mark < 0 ? target : target.slice(0, mark);
    this.query = mark < 0 ? '' : target.slice(mark);
    this.rawHeaders = [...incoming.rawHeaders];
    this.headers = incoming.headers;
    this.body = body;
    this.arrivedAt = arrivedAt;
    this.remotePort = remotePort;
    const { promise, resolve } = Promise.withResolvers<RequestEnd>();
    this.ended = promise;
    this.#resolveEnded = resolve;
  }

  /** The body as a JSON object; throws a SyntaxError if it is none. */
  get json(): JsonObject {
    if (this.#json === undefined) {
      const value: unknown = JSON.parse(this.body.toString('utf8'));
      if (!isJsonObject(value)) throw new SyntaxError('the body is no JSON object');
      this.#json = value;
    }
    return this.#json;
  }

  /** `json.model` if it is a text; undefined also where the body is no JSON. */
  get model(): string | undefined {
    try {
      const { model } = this.json;
      return typeof model === 'string' ? model : undefined;
    } catch (error) {
      if (error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  /** undefined while it is running. */
  get end(): RequestEnd | undefined {
    return this.#end?.how;
  }

  /** Whether the client's socket closed before the end of the answer. */
  get aborted(): boolean {
    return this.#end?.how === 'aborted';
  }

  /** When the exchange was over; with `aborted`, when the client's socket closed. */
  get endedAt(): number | undefined {
    return this.#end?.at;
  }

  /** Called by the server; only the first call counts. */
  finish(how: RequestEnd): void {
    if (this.#end !== undefined) return;
    this.#end = { how, at: performance.now() };
    this.#resolveEnded(how);
  }
}
