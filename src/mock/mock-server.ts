import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { MockScript } from './mock-reply.ts';
import { RecordedRequest } from './recorded-request.ts';
import { RequestLog } from './request-log.ts';
import { type AnswerSource, Responder } from './responder.ts';
import { sendAnswer } from './send-answer.ts';

export interface MockOptions extends MockScript {
  /** Default 0: any free port. */
  readonly port?: number;
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** What answers in place of the script. */
  readonly source?: AnswerSource;
}

/** A running mock server. */
export interface MockServer {
  readonly port: number;
  /** `http://127.0.0.1:PORT`, without the mount path. */
  readonly url: string;
  /** `url` and the mount path: what a client takes as its base URL. */
  readonly baseUrl: string;
  /** Every request whose body came whole, in that order. */
  readonly requests: readonly RecordedRequest[];
  /** Those of them that are POSTs. */
  posts(): readonly RecordedRequest[];
  /** The `n`-th request, from 1; rejects after `timeoutMs` (default 10,000). */
  waitForRequest(n: number, timeoutMs?: number): Promise<RecordedRequest>;
  /** The `n`-th POST, from 1. */
  waitForPost(n: number, timeoutMs?: number): Promise<RecordedRequest>;
  /** Forgets the requests and begins the lists of replies anew. */
  reset(): void;
  /** From now on another behaviour. */
  use(script: MockScript): void;
  /** Connections that are open. */
  readonly openConnections: number;
  /** Connections accepted since the start. */
  readonly acceptedConnections: number;
  /** Recorded requests that are not over. */
  readonly running: number;
  /** Breaks all connections. Rejects with what a reply function threw, if one did. */
  close(): Promise<void>;
}

/** Starts a scripted OpenAI-compatible server. Rejects if the port cannot be had. */
export async function startMockServer(options: MockOptions = {}): Promise<MockServer> {
  const { port = 0, host = '127.0.0.1', source, ...script } = options;
  const running = new RunningMockServer(source ?? new Responder(script));
  await running.listen(port, host);
  return running;
}

class RunningMockServer implements MockServer {
  readonly #server = createServer((request, response) => void this.#handle(request, response));
  readonly #log = new RequestLog();
  readonly #sockets = new Set<Socket>();
  readonly #failures: unknown[] = [];
  #responder: AnswerSource;
  #host = '';
  #closing = false;
  #accepted = 0;
  #running = 0;

  constructor(responder: AnswerSource) {
    this.#responder = responder;
    // Longer than any test keeps a connection idle, so that only scripts close connections.
    this.#server.keepAliveTimeout = 300_000;
    this.#server.on('connection', (socket: Socket) => {
      this.#accepted += 1;
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  async listen(port: number, host: string): Promise<void> {
    this.#host = host;
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://${this.#host.includes(':') ? `[${this.#host}]` : this.#host}:${this.port}`;
  }

  get baseUrl(): string {
    return this.url + this.#responder.mount;
  }

  get requests(): readonly RecordedRequest[] {
    return this.#log.all;
  }

  posts(): readonly RecordedRequest[] {
    return this.#log.posts();
  }

  waitForRequest(n: number, timeoutMs = 10_000): Promise<RecordedRequest> {
    return this.#log.waitFor(n, () => this.#log.all, timeoutMs);
  }

  waitForPost(n: number, timeoutMs = 10_000): Promise<RecordedRequest> {
    return this.#log.waitFor(n, () => this.#log.posts(), timeoutMs);
  }

  reset(): void {
    this.#log.clear();
    this.#responder.rewind();
  }

  use(script: MockScript): void {
    this.#responder = new Responder(script);
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  get acceptedConnections(): number {
    return this.#accepted;
  }

  get running(): number {
    return this.#running;
  }

  async close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      const closed = once(this.#server, 'close');
      this.#server.close();
      for (const socket of this.#sockets) socket.destroy();
      await closed;
    }
    if (this.#failures.length > 0) throw this.#failures[0];
  }

  async #handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const arrivedAt = performance.now();
    const { remotePort } = incoming.socket;
    // A client that leaves shows as `close` below; without listeners these would end the process.
    incoming.on('error', () => {});
    response.on('error', () => {});
    const body: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => body.push(chunk));
    await new Promise<void>((resolve) => incoming.once('end', resolve));
    const request = new RecordedRequest(incoming, Buffer.concat(body), arrivedAt, remotePort);
    await this.#exchange(request, response);
  }

  async #exchange(request: RecordedRequest, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    this.#running += 1;
    response.once('close', () => {
      this.#running -= 1;
      request.finish(response.writableFinished ? 'answered' : this.#closing ? 'cut' : 'aborted');
      gone.abort();
    });
    this.#log.add(request);
    try {
      const { reply, answer } = await this.#responder.respond(request);
      await sendAnswer(answer, reply, response, gone.signal, () => request.finish('cut'));
    } catch (error) {
      if (gone.signal.aborted) return;
      this.#failures.push(error);
      if (response.headersSent) {
        response.destroy();
        return;
      }
      const message = error instanceof Error ? error.message : String(error);
      response.writeHead(500, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { message: `the mock server failed: ${message}`, type: 'mock_error' } }));
    }
  }
}
