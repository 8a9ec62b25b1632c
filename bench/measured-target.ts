import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Load } from './loads.ts';
import { OwnedProcess } from './owned-process.ts';
import { clientKey, type Target } from './targets.ts';
import type { Toolbox } from './toolbox.ts';

const gatewayCore = 0;
const loadCore = 1;
const startTimeoutMs = 30_000;

/** Times in microseconds. */
export interface Latency {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** What the load generator reports, in its own names. */
export interface Measurement {
  readonly name: string;
  readonly rps: number;
  /** Requests that ended without an answer. */
  readonly errs: number;
  readonly non200: number;
  readonly lat_us: Latency;
  /** Microseconds to the first byte. */
  readonly ttfb_p99: number;
  /** Microseconds of processor time of the gateway. */
  readonly cpu_us_req: number;
  /** Megabytes in memory at the end, of all the gateway's processes. */
  readonly rss_mb: number;
  /** How late each event of the streams was. */
  readonly chunk_us?: Latency;
}

/** Where the mock upstream listens. */
export interface Upstream {
  readonly port: number;
}

/** A target that runs, pinned to a processor of its own. */
export class MeasuredTarget {
  readonly target: Target;
  readonly #toolbox: Toolbox;
  readonly #upstream: Upstream;
  readonly #process: OwnedProcess;
  readonly #companion: OwnedProcess | undefined;

  private constructor(
    target: Target,
    toolbox: Toolbox,
    upstream: Upstream,
    process: OwnedProcess,
    companion: OwnedProcess | undefined,
  ) {
    this.target = target;
    this.#toolbox = toolbox;
    this.#upstream = upstream;
    this.#process = process;
    this.#companion = companion;
  }

  /**
   * Starts a target and sees that it answers as it should, whole and streamed.
   * @param log the file that takes what the target writes
   * @throws Error where it does not
   */
  static async start(target: Target, toolbox: Toolbox, upstream: Upstream, log: string): Promise<MeasuredTarget> {
    const { port } = upstream;
    const mock = new OwnedProcess([toolbox.mock, String(port)], { log: '/dev/null', core: loadCore });
    const companion = target.companion && new OwnedProcess(target.companion, { log: '/dev/null', core: loadCore });
    const process = new OwnedProcess(target.command, { log, env: target.env, core: gatewayCore });
    const measured = new MeasuredTarget(target, toolbox, upstream, process, companion);
    try {
      await measured.#untilRight();
      return measured;
    } catch (error) {
      await measured.stop();
      throw error;
    } finally {
      await mock.stop();
    }
  }

  /** Puts a load on the target. */
  async measure(name: string, load: Load): Promise<Measurement> {
    const { port, headers } = this.target;
    const flags: Record<string, string | number | undefined> = {
      p: port,
      c: load.connections,
      d: load.seconds,
      w: load.warmUp,
      b: join(this.#toolbox.bodies, `${load.body}.json`),
      n: name,
      P: this.#process.ids().join(','),
      S: this.#upstream.port,
      r: load.rate,
      g: load.spreadMs,
    };
    const args = Object.entries(flags).flatMap(([flag, value]) =>
      value === undefined ? [] : [`-${flag}`, `${value}`],
    );
    if (load.events) args.push('-t');
    for (const header of headers) args.push('-H', header);
    const command = ['-c', String(loadCore), this.#toolbox.load, ...args];
    const { stdout } = await promisify(execFile)('taskset', command, { timeout: 60_000 });
    return JSON.parse(stdout) as Measurement;
  }

  async stop(): Promise<void> {
    await this.#process.stop();
    await this.#companion?.stop();
  }

  async #untilRight(): Promise<void> {
    const end = performance.now() + startTimeoutMs;
    let said = '';
    while (performance.now() < end && !this.#process.ended) {
      try {
        const whole = await this.#post('1k');
        said = whole.slice(0, 300);
        if (whole.startsWith('200 ') && whole.includes('"total_tokens":1363')) {
          const stream = await this.#post('sse-fast');
          if (stream.startsWith('200 ') && stream.includes('[DONE]')) return;
          said = `a stream ends in ${stream.slice(-300)}`;
        }
      } catch (error) {
        said = String((error as Error).cause ?? error); // it may not listen yet
      }
      await sleep(20);
    }
    const log = readFileSync(this.#process.log, 'utf8').slice(-1000);
    throw new Error(`it does not answer as it should: ${said}\n${log}`);
  }

  /** Returns the status and the body of the answer, as one text. */
  async #post(body: string): Promise<string> {
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      authorization: `Bearer ${clientKey}`,
    };
    for (const header of this.target.headers) {
      const [name, value] = header.split(/: (.*)/s);
      headers[name as string] = value as string;
    }
    const response = await fetch(`http://127.0.0.1:${this.target.port}/v1/chat/completions`, {
      method: 'POST',
      headers,
      body: readFileSync(join(this.#toolbox.bodies, `${body}.json`)),
      signal: AbortSignal.timeout(5000),
    });
    return `${response.status} ${await response.text()}`;
  }
}
