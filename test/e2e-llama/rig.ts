import { doctor, Headrace, type HeadraceOptions } from './headrace.ts';
import type { Report } from './report.ts';
import { LlamaServer, type ServerOptions } from './server.ts';

export interface RigOptions {
  readonly report: Report;
  /** The path of `llama-server`. */
  readonly binary: string;
  /** The GGUF file. */
  readonly model: string;
  /** An empty folder in which everything runs. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

type Common = 'binary' | 'model' | 'folder' | 'signal';

/** Starts servers and gateways for the steps, and ends them after each group of steps. */
export class Rig {
  readonly report: Report;
  readonly #options: RigOptions;
  #running: { stop(): Promise<void> }[] = [];

  constructor(options: RigOptions) {
    this.report = options.report;
    this.#options = options;
  }

  /** A group of steps; what it started is ended after it. A start that fails is a failed step. */
  async group(name: string, steps: () => Promise<void>): Promise<void> {
    if (this.#options.signal.aborted) return;
    this.report.say(`\n${name}`);
    try {
      await steps();
    } catch (error) {
      await this.report.step('what the steps need is running', () => Promise.reject(error));
    } finally {
      const running = this.#running.reverse();
      this.#running = [];
      for (const each of running) await each.stop();
    }
  }

  async server(options: Omit<ServerOptions, Common> = {}): Promise<LlamaServer> {
    const server = await LlamaServer.start({ ...this.#options, ...options });
    this.#running.push(server);
    return server;
  }

  async headrace(options: Omit<HeadraceOptions, Common>): Promise<Headrace> {
    const headrace = await Headrace.start({ ...this.#options, ...options });
    this.#running.push(headrace);
    return headrace;
  }

  doctor(options: Omit<HeadraceOptions, Common>): Promise<{ code: number | null; output: string }> {
    return doctor({ ...this.#options, ...options });
  }
}
