import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Exchange, HeaderList, RequestHeaders } from './exchange.ts';

const saneId = /^[A-Za-z0-9._:-]{1,128}$/;

const oneWriteBytes = 16 * 1024;

/** An exchange over `node:http`. */
export class NodeExchange implements Exchange {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly receivedAt = performance.now();
  body: Buffer = Buffer.alloc(0);
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #abort = new AbortController();
  #begun = false;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.#response = response;
    const sent = request.headers['x-request-id'];
    this.id = typeof sent === 'string' && saneId.test(sent) ? sent : randomUUID();
    this.method = request.method ?? 'GET';
    const url = request.url ?? '/';
    const query = url.indexOf('?');
    this.path = query < 0 ? url : url.slice(0, query);
    this.query = query < 0 ? '' : url.slice(query + 1);
    response.on('close', () => {
      if (!response.writableFinished) this.#abort.abort();
    });
  }

  get remoteAddress(): string {
    return this.#request.socket.remoteAddress ?? '';
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  headers(): RequestHeaders {
    return this.#request.headers;
  }

  reply(status: number, headers: HeaderList, body: Buffer | string): void {
    if (this.#response.headersSent || this.#response.destroyed) return;
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    this.#response.writeHead(status, flatten(headers, 'content-length', String(length)));
    // As text of one byte a character a small body leaves with the head in one piece, which costs less than two.
    if (typeof body !== 'string' && length <= oneWriteBytes) this.#response.end(body.toString('latin1'), 'latin1');
    else this.#response.end(body);
  }

  begin(status: number, headers: HeaderList): void {
    if (this.#response.headersSent || this.#response.destroyed) return;
    this.#response.writeHead(status, flatten(headers));
    this.#begun = true;
  }

  write(chunk: Buffer): boolean {
    if (!this.#begun) throw new Error('write before begin');
    return this.#response.destroyed || this.#response.write(chunk);
  }

  onDrain(listener: () => void): void {
    this.#response.on('drain', listener);
  }

  end(chunk?: Buffer): void {
    if (!this.#response.destroyed) this.#response.end(chunk);
  }
}

/** Name, value, name, value ...; by hand, since `flat` costs as much as the rest of an answer's head. */
function flatten(headers: HeaderList, ...more: string[]): string[] {
  const flat: string[] = [];
  for (const [name, value] of headers) flat.push(name, value);
  for (const text of more) flat.push(text);
  return flat;
}
