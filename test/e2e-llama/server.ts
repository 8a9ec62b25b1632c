import { acceptsConnections, freePort, waitUntil } from './loopback.ts';
import { RunningProcess } from './running-process.ts';

/** The name under which the server offers its model. */
export const modelName = 'tiny';

export interface ServerOptions {
  readonly binary: string;
  /** The GGUF file. */
  readonly model: string;
  /** An empty folder to run in. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly apiKey?: string;
  readonly host?: string;
  /** Default: a free one. */
  readonly port?: number;
  /** Further flags of llama-server. */
  readonly flags?: readonly string[];
}

/** A running `llama-server`. */
export class LlamaServer {
  readonly port: number;
  /** `http://host:port`, without a path. */
  readonly url: string;
  readonly #process: RunningProcess;
  readonly #headers: Record<string, string>;

  private constructor(running: RunningProcess, url: string, port: number, apiKey: string | undefined) {
    this.#process = running;
    this.url = url;
    this.port = port;
    this.#headers = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
  }

  /**
   * Starts it and waits until its model is loaded.
   * @throws Error with its last lines if it ends instead, or is not ready within a minute
   */
  static async start(options: ServerOptions): Promise<LlamaServer> {
    const { binary, model, folder, signal, apiKey, host = '127.0.0.1', flags = [] } = options;
    const port = options.port ?? (await freePort());
    const key = apiKey === undefined ? [] : ['--api-key', apiKey];
    const address = ['--host', host, '--port', String(port)];
    const running = new RunningProcess({
      command: binary,
      arguments: ['--model', model, '--alias', modelName, '--offline', ...address, ...key, ...flags],
      environment: { PATH: process.env.PATH ?? '', HOME: folder },
      folder,
      signal,
    });
    const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
    try {
      await waitUntil('llama-server is ready', 60_000, async () => {
        if (!running.isRunning) throw new Error(`llama-server ended: ${running.describe()}`);
        return (await acceptsConnections(host, port)) && (await fetch(`${url}/health`)).ok;
      });
    } catch (error) {
      await running.stop();
      throw error;
    }
    return new LlamaServer(running, url, port, apiKey);
  }

  /** Asks the server itself, past Headrace. */
  async direct(path: string, body?: unknown): Promise<Response> {
    const post = { method: 'POST', body: JSON.stringify(body) };
    const signal = AbortSignal.timeout(60_000);
    return fetch(this.url + path, { headers: this.#headers, signal, ...(body === undefined ? {} : post) });
  }

  /** How many of its slots are generating at this moment. */
  async busySlots(): Promise<number> {
    const slots = (await (await this.direct('/slots')).json()) as { is_processing: boolean }[];
    return slots.filter((slot) => slot.is_processing).length;
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}
