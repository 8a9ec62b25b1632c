import { version } from '../version.ts';
import { countSpans, writeSpan } from './call-spans.ts';
import type { SpanOrigin } from './finished-span.ts';
import type { Log } from './log.ts';
import type { ObservedCall } from './observed-call.ts';
import type { Sampler } from './sampler.ts';
import { SpanBatches } from './span-batches.ts';
import { CallTrace, randomHex, readTraceParent } from './trace-context.ts';
import { requestFrame } from './trace-json.ts';
import { type SpanExporter, TraceSender } from './trace-sender.ts';
import { readTraceSettings, type TraceSettings } from './trace-settings.ts';

const packageName = '@opentelemetry/exporter-trace-otlp-http';
/** Clocks drift: so often it is looked at anew how the monotonic one stands to that of the wall. */
const clockMs = 10_000;

interface ExporterLibrary {
  readonly OTLPTraceExporter: new (config: {
    url?: string;
    headers?: Readonly<Record<string, string>>;
    timeoutMillis?: number;
  }) => SpanExporter;
}

/** OpenTelemetry traces of calls. */
export class Tracer {
  readonly #sampler: Sampler;
  readonly #batches: SpanBatches;
  #offset = 0;
  #offsetUntil = 0;

  constructor(settings: TraceSettings, batches: SpanBatches) {
    this.#sampler = settings.sampler;
    this.#batches = batches;
  }

  /**
   * The trace that a call belongs to: the client's where it says one, else a new one.
   * @returns undefined where it is not sampled; the client's headers then go on as they are
   */
  begin(traceparent: string | undefined, tracestate: string | undefined): CallTrace | undefined {
    const parent = readTraceParent(traceparent);
    const traceId = parent?.traceId ?? randomHex(16);
    if (!this.#sampler(traceId, parent)) return undefined;
    return new CallTrace(traceId, parent, parent === undefined ? undefined : tracestate);
  }

  /** Sends the spans of a call that is over. */
  take(call: ObservedCall): void {
    if (call.trace === undefined) return;
    if (call.endedAt > this.#offsetUntil) {
      this.#offset = Date.now() - performance.now();
      this.#offsetUntil = call.endedAt + clockMs;
    }
    this.#batches.add(countSpans(call), (index, writer) => writeSpan(call, index, this.#offset, writer));
  }

  async close(): Promise<void> {
    await this.#batches.close();
  }
}

/**
 * Opens the traces that the standard `OTEL_*` variables ask for. Only then anything of OpenTelemetry is loaded; where
 * it is missing the log says what to install, and the gateway goes on without traces.
 * @param load where the exporter comes from
 */
export async function openTracer(
  env: Readonly<Record<string, string | undefined>>,
  log: Log,
  load: () => Promise<unknown> = () => import(packageName),
): Promise<Tracer | undefined> {
  const settings = readTraceSettings(env, log, version);
  if (settings === undefined) return undefined;
  let library: ExporterLibrary;
  try {
    library = (await load()) as ExporterLibrary;
  } catch (error) {
    const remedy = `npm install ${packageName}`;
    log.error({ error: String(error) }, `traces are asked for, but ${packageName} cannot be loaded: run "${remedy}"`);
    return undefined;
  }
  const { url, headers, timeoutMs } = settings;
  const exporter = new library.OTLPTraceExporter({
    ...(url === undefined ? {} : { url }),
    headers,
    timeoutMillis: timeoutMs,
  });
  const origin: SpanOrigin = { resource: settings.resource, instrumentationScope: { name: 'headrace', version } };
  const batches = new SpanBatches(new TraceSender(exporter, origin), {
    ...settings,
    frame: requestFrame(origin),
    failed: (why) => log.warn({ why }, 'spans are lost'),
    recovered: (lost) => log.info({ lost }, 'spans arrive again'),
  });
  log.info({ url: url ?? 'http://localhost:4318/v1/traces' }, 'traces are sent');
  return new Tracer(settings, batches);
}
