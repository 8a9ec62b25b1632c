import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';

export interface Received {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
  /** The pieces of the body as they came, each with its `performance.now()`. */
  readonly pieces: readonly { readonly at: number; readonly bytes: Buffer }[];
  /** When the head came. */
  readonly headAt: number;
  /** Whether the body came to its proper end. */
  readonly complete: boolean;
}

export interface SendOptions {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
  readonly signal?: AbortSignal;
  readonly agent?: Agent;
}

/** One plain HTTP exchange on a connection of its own. Rejects if no head came; a cut body gives `complete: false`. */
export function send(url: string, options: SendOptions = {}): Promise<Received> {
  const agent = options.agent ?? new Agent({ keepAlive: false });
  const { method = options.body === undefined ? 'GET' : 'POST', headers = {}, signal } = options;
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, headers, agent, ...(signal && { signal }) });
    request.on('error', reject);
    request.on('response', (response) => {
      const headAt = performance.now();
      request.off('error', reject).on('error', () => undefined); // from now on `complete` says it
      const pieces: { at: number; bytes: Buffer }[] = [];
      response.on('data', (bytes: Buffer) => pieces.push({ at: performance.now(), bytes }));
      response.on('error', () => undefined); // a cut body: `complete` says so
      response.on('close', () => {
        const body = Buffer.concat(pieces.map((piece) => piece.bytes));
        const { headers: received, complete, statusCode = 0 } = response;
        resolve({ status: statusCode, headers: received, body, text: body.toString(), pieces, headAt, complete });
      });
    });
    request.end(options.body);
  });
}

/** Posts a value as JSON. */
export function postJson(url: string, value: unknown, options: SendOptions = {}): Promise<Received> {
  const headers = { 'content-type': 'application/json', ...options.headers };
  return send(url, { ...options, headers, body: JSON.stringify(value) });
}

/** Every `data:` of a stream of events: `[DONE]` as a text, the others as their JSON. */
export function eventsOf(text: string): unknown[] {
  const data = text.split('\n\n').filter((block) => block !== '');
  return data.map((block) => {
    const value = block.replace(/^data: /, '');
    return value === '[DONE]' ? value : JSON.parse(value);
  });
}

/** What comes back on a socket for these bytes, until the server closes it; and with which error, if any. */
export function sendRaw(port: number, bytes: string): Promise<{ received: Buffer; error: string | undefined }> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    let error: string | undefined;
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (piece) => pieces.push(piece));
    socket.on('error', (failure: NodeJS.ErrnoException) => {
      error = failure.code;
    });
    socket.on('close', () => resolve({ received: Buffer.concat(pieces), error }));
  });
}
