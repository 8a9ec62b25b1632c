import type { Server, ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';

/**
 * For so long after its last answer a connection stays open when the end is in sight: a client that is about to use it
 * again would find it closed under its request, which nobody can know to be unanswered.
 */
const graceMs = 1000;
const lookMs = 50;

/** Where a connection keeps its last request, while that is not answered whole; a map beside it would cost more. */
const unanswered = Symbol('unanswered');
const idleSince = Symbol('idleSince');
/** So many bytes had come when it became idle. */
const readBefore = Symbol('readBefore');

/** A client's connection. */
export type TrackedSocket = Socket & {
  [unanswered]?: ServerResponse | undefined;
  [idleSince]?: number;
  [readBefore]?: number;
};

/** The connections of a server, which end without losing a request. */
export class Connections {
  readonly #server: Server;
  readonly #sockets = new Set<TrackedSocket>();
  #isEnding = false;

  constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket: TrackedSocket) => {
      this.#sockets.add(socket);
      socket[idleSince] = performance.now();
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  /** A request has come on a connection. */
  begin(socket: TrackedSocket, response: ServerResponse): void {
    socket[unanswered] = response;
    if (this.#isEnding) response.shouldKeepAlive = false;
    response.on('close', () => {
      if (socket[unanswered] !== response) return;
      socket[unanswered] = undefined;
      socket[idleSince] = performance.now();
      if (this.#isEnding) socket[readBefore] = socket.bytesRead;
    });
  }

  /** The last request of a connection, while that is not answered whole. */
  unanswered(socket: TrackedSocket): ServerResponse | undefined {
    return socket[unanswered];
  }

  /**
   * Takes no more connections, and says with each answer from now on that its connection ends. One that carries nothing
   * is closed, a while after its last answer. Resolves when all are closed.
   */
  async end(): Promise<void> {
    this.#isEnding = true;
    for (const socket of this.#sockets) {
      const response = socket[unanswered];
      if (response === undefined) socket[readBefore] = socket.bytesRead;
      else if (!response.headersSent) response.shouldKeepAlive = false;
    }
    // Behind what has come meanwhile, which a process that was held up has not read yet.
    const look = () => setImmediate(() => this.#closeIdle());
    const timer = setInterval(look, lookMs);
    look();
    // The one of `node:http` closes all idle connections at once.
    await new Promise<void>((resolve) => NetServer.prototype.close.call(this.#server, () => resolve()));
    clearInterval(timer);
    this.#server.close(() => {}); // what `node:http` itself has to end
  }

  #closeIdle(): void {
    const now = performance.now();
    for (const socket of this.#sockets) {
      const isIdle = socket[unanswered] === undefined && socket.bytesRead === socket[readBefore];
      if (isIdle && now - (socket[idleSince] ?? 0) >= graceMs) socket.destroy();
    }
  }
}
