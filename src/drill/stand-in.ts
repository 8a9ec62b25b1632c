import type { MockReply } from '../mock/mock-reply.ts';
import { type MockServer, startMockServer } from '../mock/mock-server.ts';
import type { RecordedRequest } from '../mock/recorded-request.ts';
import type { Fault } from './scenarios.ts';

/** Below the ports that systems give out by themselves, so that a port stays free while its server is down. */
const lowestPort = 11_000;
const highestPort = 32_000;

/** A server on loopback in the place of one backend: it answers well, but for the fault that it is told to have. */
export class StandIn {
  readonly #server: { running: MockServer | undefined };
  readonly #port: number;
  #fault: Fault | undefined;
  #model: string | undefined;
  #struck = 0;

  private constructor(server: { running: MockServer }) {
    this.#server = server;
    this.#port = server.running.port;
  }

  /** Rejects where no port can be had. */
  static async start(): Promise<StandIn> {
    const server = await startOnFreePort();
    const standIn = new StandIn({ running: server });
    standIn.#use(server);
    return standIn;
  }

  /** What takes the place of the backend's base URL. */
  get baseUrl(): string {
    return `http://127.0.0.1:${this.#port}/v1`;
  }

  /** @param model the upstream name of the model that a fault strikes which is not the whole backend's */
  async strike(fault: Fault, model: string): Promise<void> {
    if (fault.kind === 'down') {
      const { running } = this.#server;
      this.#server.running = undefined;
      await running?.close();
      return;
    }
    this.#model = fault.strikes === 'model' ? model : undefined;
    this.#fault = fault;
  }

  /** From now on it answers well. */
  async heal(): Promise<void> {
    this.#fault = undefined;
    if (this.#server.running !== undefined) return;
    const server = await startMockServer({ port: this.#port });
    this.#use(server);
    this.#server.running = server;
  }

  /** Forgets what came. */
  reset(): void {
    this.#server.running?.reset();
    this.#struck = 0;
  }

  async close(): Promise<void> {
    await this.#server.running?.close();
  }

  #use(server: MockServer): void {
    server.use({ magic_models: false, replies: (request) => this.#reply(request) });
  }

  #reply(request: RecordedRequest): MockReply {
    const stream = request.json.stream === true;
    const fault = this.#fault;
    const isStruck = fault?.kind === 'reply' && (this.#model === undefined || this.#model === request.model);
    if (isStruck) return { ...healthyPace(stream), ...fault.reply(stream, this.#struck++) };
    return healthyPace(stream);
  }
}

/** As quick as a cache, and yet slow enough that answers overlap. */
function healthyPace(stream: boolean): MockReply {
  return stream ? { first_byte_delay_ms: 10, chunk_delay_ms: 2 } : { delay_ms: 20 };
}

async function startOnFreePort(): Promise<MockServer> {
  for (let tries = 0; ; tries++) {
    const port = lowestPort + Math.floor(Math.random() * (highestPort - lowestPort));
    try {
      return await startMockServer({ port });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || tries >= 100) throw error;
    }
  }
}
