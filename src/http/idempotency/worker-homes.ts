import { hash } from 'node:crypto';
import { request } from 'node:http';
import { join } from 'node:path';
import { GatewayError } from '../../gateway-error.ts';
import type { Exchange } from '../exchange.ts';

/** Marks what came from another worker, which is served where it is. A client that sends it only passes by its own answer. */
const forwardedHeader = 'x-headrace-forwarded';

/** Which of several workers a name is at home at: its calls are all made there, whichever worker they come to. */
export class WorkerHomes {
  readonly #index: number;
  readonly #count: number;
  readonly #folder: string;

  /**
   * @param index of this worker, from 0
   * @param folder where each worker has a socket, for nobody but them
   */
  constructor(index: number, count: number, folder: string) {
    this.#index = index;
    this.#count = count;
    this.#folder = folder;
  }

  /** Where this worker listens for the others. */
  get socket(): string {
    return this.#socketOf(this.#index);
  }

  /**
   * Has a request answered by the worker where the name is at home.
   * @returns false: it is to be served here, as that is its home, or as nobody is there
   */
  async forward(exchange: Exchange, name: string): Promise<boolean> {
    const home = hash('sha256', name, 'buffer').readUInt32LE(0) % this.#count;
    if (home === this.#index || exchange.header(forwardedHeader) !== undefined) return false;
    return forwardTo(exchange, this.#socketOf(home));
  }

  #socketOf(index: number): string {
    return join(this.#folder, `worker-${index}.sock`);
  }
}

function forwardTo(exchange: Exchange, socketPath: string): Promise<boolean> {
  const { method, path, query, body, id } = exchange;
  return new Promise((resolve, reject) => {
    const headers = {
      ...exchange.headers(),
      [forwardedHeader]: '1',
      'x-request-id': id,
      'content-length': String(body.length),
    };
    const sent = request({
      socketPath,
      method,
      path: query === '' ? path : `${path}?${query}`,
      headers: without(headers),
      agent: false,
    });
    exchange.signal.addEventListener('abort', () => sent.destroy());
    sent.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      else if (exchange.signal.aborted) resolve(true);
      else
        reject(
          new GatewayError('overloaded', 'the worker that has this Idempotency-Key ended; send the request again', {
            cause: error,
          }),
        );
    });
    sent.on('response', (response) => {
      exchange.begin(response.statusCode ?? 502, pairs(response.rawHeaders));
      exchange.onDrain(() => response.resume());
      response.on('data', (chunk: Buffer) => {
        if (!exchange.write(chunk)) response.pause();
      });
      response.on('close', () => {
        exchange.end();
        resolve(true);
      });
    });
    sent.end(body);
  });
}

/** Headers of one connection, which mean nothing on the next. */
const hopHeaders = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'expect',
  'upgrade',
  'te',
  'trailer',
  'date',
]);

function without(headers: Readonly<Record<string, string | string[] | undefined>>) {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopHeaders.has(name)));
}

function pairs(raw: readonly string[]): [string, string][] {
  const headers: [string, string][] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] as string;
    if (!hopHeaders.has(name.toLowerCase())) headers.push([name, raw[at + 1] as string]);
  }
  return headers;
}
