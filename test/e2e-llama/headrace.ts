import { fileURLToPath } from 'node:url';
import { freePort, waitUntil } from './loopback.ts';
import { RunningProcess, runToEnd } from './running-process.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface HeadraceOptions {
  /** The only thing that is told to Headrace, beside its port. */
  readonly baseUrl: string;
  /** An empty folder to run in: no configuration, no `.env`. */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** `OPENAI_API_KEY`; default: not set. */
  readonly openaiApiKey?: string;
}

/** The environment of a user who has set nothing, and perhaps the one key. */
function environment({ folder, openaiApiKey }: HeadraceOptions): Record<string, string> {
  const key = openaiApiKey === undefined ? {} : { OPENAI_API_KEY: openaiApiKey };
  return { PATH: process.env.PATH ?? '', HOME: folder, ...key };
}

/** A running gateway. */
export class Headrace {
  readonly url: string;
  readonly #process: RunningProcess;

  private constructor(running: RunningProcess, url: string) {
    this.#process = running;
    this.url = url;
  }

  /**
   * `headrace start --port P --base-url URL`, waiting until it answers.
   * @throws Error with its last lines if it ends instead, or does not answer within half a minute
   */
  static async start(options: HeadraceOptions): Promise<Headrace> {
    const port = await freePort();
    const running = new RunningProcess({
      command: process.execPath,
      arguments: [main, 'start', '--port', String(port), '--base-url', options.baseUrl],
      environment: environment(options),
      folder: options.folder,
      signal: options.signal,
    });
    const url = `http://127.0.0.1:${port}`;
    try {
      await waitUntil('Headrace is live', 30_000, async () => {
        if (!running.isRunning) throw new Error(`headrace start ended: ${running.describe()}`);
        return await isLive(url);
      });
    } catch (error) {
      await running.stop();
      throw error;
    }
    return new Headrace(running, url);
  }

  /** Everything that it printed and logged so far. */
  get output(): string {
    return this.#process.output;
  }

  /**
   * A GET, or a POST where there is a body. It is given up after a minute, since no answer of these runs takes so long.
   * @throws Error with the gateway's last lines if it has ended
   */
  async request(path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
    if (!this.#process.isRunning) throw new Error(`headrace has ended: ${this.#process.describe()}`);
    return fetch(this.url + path, {
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      headers: { 'content-type': 'application/json' },
      signal: AbortSignal.any([AbortSignal.timeout(60_000), ...(signal === undefined ? [] : [signal])]),
    });
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}

async function isLive(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health/live`)).ok;
  } catch (error) {
    if ((error as { cause?: NodeJS.ErrnoException }).cause?.code === 'ECONNREFUSED') return false;
    throw error;
  }
}

/** `headrace doctor --base-url URL`, run to its end. */
export function doctor(options: HeadraceOptions): Promise<{ code: number | null; output: string }> {
  return runToEnd({
    command: process.execPath,
    arguments: [main, 'doctor', '--base-url', options.baseUrl],
    environment: environment(options),
    folder: options.folder,
    signal: options.signal,
  });
}
