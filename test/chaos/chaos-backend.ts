import { createServer, type Server, type Socket } from 'node:net';
import { RawExchange } from './raw-exchange.ts';

/** What a backend does with a request. */
export type Behaviour = (exchange: RawExchange, backend: ChaosBackend) => void | Promise<void>;

/** A server on a bare socket, so that it can break HTTP in every way, which counts what it is asked. */
export class ChaosBackend {
  readonly name: string;
  /** Tells its usage from that of others. */
  readonly ordinal: number;
  behave: Behaviour;
  /** Requests for answers that came. */
  asked = 0;
  /** Of these, those that run now, and the most that ever ran at a time. */
  open = 0;
  mostOpen = 0;
  /** What a behaviour threw; nothing ever should. */
  readonly errors: unknown[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #busy = new Set<Socket>();
  #server: Server;
  #port = 0;

  private constructor(name: string, ordinal: number, behave: Behaviour) {
    this.name = name;
    this.ordinal = ordinal;
    this.behave = behave;
    this.#server = this.#create();
  }

  static async start(name: string, ordinal: number, behave: Behaviour): Promise<ChaosBackend> {
    const backend = new ChaosBackend(name, ordinal, behave);
    await backend.listen();
    return backend;
  }

  /** `http://127.0.0.1:PORT/v1` */
  get url(): string {
    return `http://127.0.0.1:${this.#port}/v1`;
  }

  /** Listens, again on the port of before. */
  async listen(): Promise<void> {
    if (this.#server.listening) return;
    this.#server = this.#create();
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject).listen(this.#port, '127.0.0.1', 4096, resolve);
    });
    this.#port = (this.#server.address() as { port: number }).port;
  }

  /** Listens no more, so that connections are refused, and cuts those on which nothing runs; others end as they should. */
  async refuse(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) if (!this.#busy.has(socket)) socket.resetAndDestroy();
    await closed;
  }

  /** Behaves in another way from now on; sockets that were frozen are gone. */
  async become(behave: Behaviour | 'refuse'): Promise<void> {
    for (const socket of this.#sockets) if (socket.isPaused()) socket.destroy();
    if (behave === 'refuse') return this.refuse();
    this.behave = behave;
    await this.listen();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server.listening) await this.refuse();
  }

  #create(): Server {
    return createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => undefined); // the gateway may cut what it does not want
    let received: Buffer = Buffer.alloc(0);
    socket.on('data', (bytes) => {
      received = received.length === 0 ? bytes : Buffer.concat([received, bytes]);
      const request = takeRequest(received);
      if (request === undefined) return;
      received = request.rest;
      this.#serve(socket, request.head, request.body);
    });
  }

  #serve(socket: Socket, head: string, body: string): void {
    if (head.startsWith('GET')) {
      const list = '{"object":"list","data":[]}';
      socket.write(
        `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${list.length}\r\n\r\n${list}`,
      );
      return;
    }
    this.asked++;
    this.open++;
    this.#busy.add(socket);
    this.mostOpen = Math.max(this.mostOpen, this.open);
    const exchange = new RawExchange(socket, head, body, () => {
      this.open--;
      this.#busy.delete(socket);
      if (!this.#server.listening) socket.destroySoon();
    });
    const done = (async () => this.behave(exchange, this))();
    done.catch((error: unknown) => this.errors.push(error));
  }
}

/** The first whole request of what was received; a gateway sends the next one only after the answer. */
function takeRequest(received: Buffer): { head: string; body: string; rest: Buffer } | undefined {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const head = received.toString('latin1', 0, headEnd);
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
  const bodyStart = headEnd + 4;
  if (received.length < bodyStart + length) return undefined;
  const body = received.toString('utf8', bodyStart, bodyStart + length);
  return { head, body, rest: received.subarray(bodyStart + length) };
}
