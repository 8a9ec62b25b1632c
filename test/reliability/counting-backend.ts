import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the backend saw of the calls for one model. */
export interface Seen {
  /** When each came, in milliseconds, in order. */
  readonly at: number[];
  /** When each was answered whole, by the instance of the gateway that sent it. */
  readonly served: Map<string, number[]>;
  running: number;
  mostRunning: number;
}

/** Tokens that every call takes: no more than it has to reserve, since only then no limit may be passed. */
export const callTokens = 16;
const usage = { prompt_tokens: 6, completion_tokens: 10, total_tokens: callTokens };

/** A backend that counts. Its address for an instance ends in that instance's name. */
export class CountingBackend {
  readonly #server: Server;
  readonly #models = new Map<string, Seen>();

  private constructor(delayMs: number) {
    this.#server = createServer((request, response) => {
      const instance = request.url?.split('/')[1] ?? '';
      let text = '';
      request.setEncoding('utf8').on('data', (piece) => {
        text += piece;
      });
      request.on('end', () => {
        if (request.method !== 'POST') {
          response.writeHead(404).end(); // it lists no models
          return;
        }
        const { model } = JSON.parse(text) as { model: string };
        const seen = this.seen(model);
        seen.at.push(performance.now());
        seen.running++;
        seen.mostRunning = Math.max(seen.mostRunning, seen.running);
        setTimeout(() => {
          seen.running--;
          if (response.destroyed) return;
          const message = { role: 'assistant', content: 'ten tokens, more or less' };
          const choices = [{ index: 0, message, finish_reason: 'stop' }];
          const body = { id: 'c', object: 'chat.completion', created: 1, model, choices, usage };
          response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
          const served = seen.served.get(instance) ?? [];
          served.push(performance.now());
          seen.served.set(instance, served);
        }, delayMs);
      });
    });
  }

  static async start(delayMs: number): Promise<CountingBackend> {
    const backend = new CountingBackend(delayMs);
    await new Promise<void>((resolve) => void backend.#server.listen(0, '127.0.0.1', resolve));
    return backend;
  }

  urlFor(instance: string): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${instance}/v1`;
  }

  seen(model: string): Seen {
    let seen = this.#models.get(model);
    if (seen === undefined) {
      seen = { at: [], served: new Map(), running: 0, mostRunning: 0 };
      this.#models.set(model, seen);
    }
    return seen;
  }

  /** All calls that were answered, of one instance or of all. */
  served(instance?: string): number[] {
    return [...this.#models.values()].flatMap(({ served }) =>
      [...served].flatMap(([name, times]) => (instance === undefined || name === instance ? times : [])),
    );
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** The most moments within any span. */
export function mostWithin(moments: readonly number[], spanMs: number): number {
  let most = 0;
  let first = 0;
  for (const [last, at] of moments.entries()) {
    while (at - (moments[first] as number) >= spanMs) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
