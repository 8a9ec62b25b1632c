import type { CaptureSettings, Config } from '../config/config.ts';
import type { CallWatch } from '../types/call-watch.ts';
import { Capture } from './capture.ts';
import { captureBodyBytes } from './capture-body.ts';
import type { Log } from './log.ts';
import { logBodies } from './log-bodies.ts';
import { ObservedCall, type ObservedRequest } from './observed-call.ts';
import { Redactor } from './redactor.ts';
import { secretsOf } from './secrets.ts';
import { openTracer, type Tracer } from './trace.ts';

/** Of an answer that is only traced, so much is kept, to find its model's name. */
const headBytes = 512;
const logBytes = 64 * 1024;

export interface TelemetryOptions {
  /** The configuration in force now; another one takes effect with the next call. */
  readonly config: () => Config;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
}

/** A request that is about to be served. */
export interface WatchableRequest extends ObservedRequest {
  header(name: string): string | undefined;
}

/** Traces, captures and bodies in the log: whatever wants to see more of a call than its record. */
export class Telemetry {
  readonly #options: TelemetryOptions;
  readonly #tracer: Tracer | undefined;
  #config: Config | undefined;
  #capture: Capture | undefined;
  #captureSettings: CaptureSettings | undefined;
  #redactor = new Redactor([]);
  /** Those of earlier configurations; running calls may still end in them. */
  readonly #retired: Capture[] = [];

  private constructor(options: TelemetryOptions, tracer: Tracer | undefined) {
    this.#options = options;
    this.#tracer = tracer;
  }

  static async open(options: TelemetryOptions): Promise<Telemetry> {
    return new Telemetry(options, await openTracer(options.env, options.log));
  }

  /** The watch of a call; undefined where nothing wants one, which costs nothing. */
  watch(request: WatchableRequest): CallWatch | undefined {
    const config = this.#options.config();
    if (config !== this.#config) this.#take(config);
    const bodies = config.settings.telemetry.logBodies;
    const capture = this.#capture;
    const trace = this.#tracer?.begin(request.header('traceparent'), request.header('tracestate'));
    if (capture === undefined && trace === undefined && !bodies) return undefined;
    const redactor = this.#redactor;
    return new ObservedCall(request, {
      keepBytes: capture !== undefined ? captureBodyBytes : bodies ? logBytes : headBytes,
      trace,
      ended: (call) => this.#ended(call, capture, bodies, redactor),
    });
  }

  /** Sends and writes out what there is. */
  async close(): Promise<void> {
    const captures = this.#capture === undefined ? this.#retired : [...this.#retired, this.#capture];
    await Promise.all([this.#tracer?.close(), ...captures.map((capture) => capture.close())]);
  }

  #ended(call: ObservedCall, capture: Capture | undefined, bodies: boolean, redactor: Redactor): object | undefined {
    try {
      this.#tracer?.take(call);
      capture?.take(call, redactor);
      return bodies ? logBodies(call, redactor) : undefined;
    } catch (error) {
      this.#options.log.error({ id: call.request.id, error: String(error) }, 'a call could not be recorded');
      return undefined; // the call itself went as it went
    }
  }

  #take(config: Config): void {
    const { capture, logBodies: bodies } = config.settings.telemetry;
    this.#config = config;
    if (capture !== undefined || bodies) this.#redactor = new Redactor(secretsOf(config, this.#options.env));
    if (JSON.stringify(capture) === JSON.stringify(this.#captureSettings)) return;
    if (this.#capture !== undefined) this.#retired.push(this.#capture);
    this.#captureSettings = capture;
    this.#capture = capture && new Capture(capture, this.#options.log);
  }
}
