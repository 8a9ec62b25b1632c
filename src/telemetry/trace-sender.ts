import { FinishedSpan, type SpanOrigin, type SpanTime, type SpanValue } from './finished-span.ts';
import type { BatchSender, SendResult } from './span-batches.ts';
import { CallTrace } from './trace-context.ts';

/** The part of OpenTelemetry's exporters that is used. */
export interface SpanExporter {
  export(spans: unknown, done: (result: SendResult) => void): void;
  shutdown(): Promise<void>;
}

/** Within the exporter: what makes the bytes of a request out of spans. */
interface Serializer {
  serializeRequest: (spans: unknown) => Uint8Array;
}

/**
 * Sends batches through OpenTelemetry's exporter, which knows the standard's rules of retries, time limits and TLS. Its
 * own way to JSON costs more than all the rest of tracing, so it is left out where the exporter is built as expected; any
 * other gets spans as its interface says.
 */
export class TraceSender implements BatchSender {
  readonly #exporter: SpanExporter;
  readonly #origin: SpanOrigin;
  readonly #takesBytes: boolean;

  constructor(exporter: SpanExporter, origin: SpanOrigin) {
    this.#exporter = exporter;
    this.#origin = origin;
    this.#takesBytes = letBytesThrough(exporter);
  }

  async send(batch: Buffer): Promise<SendResult> {
    try {
      const items = this.#takesBytes ? batch : readSpans(batch, this.#origin);
      return await new Promise((resolve) => this.#exporter.export(items, resolve));
    } catch (error) {
      return { code: 1, error: error as Error };
    }
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown();
  }
}

/** Makes the exporter send what it is given as it is. Returns false where it is built otherwise, and is left alone. */
function letBytesThrough(exporter: SpanExporter): boolean {
  const delegate = (exporter as { _delegate?: { _serializer?: Partial<Serializer> } })._delegate;
  const serializer = delegate?._serializer;
  if (delegate === undefined || typeof serializer?.serializeRequest !== 'function') return false;
  delegate._serializer = { ...serializer, serializeRequest: (batch) => batch as Uint8Array };
  return true;
}

interface WrittenSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, SpanValue>> }[];
  readonly status: { readonly code: number };
  readonly flags: number;
}

const isRemoteFlag = 0x200;

/** The spans of a batch as the exporters' interface wants them. */
export function readSpans(batch: Buffer, origin: SpanOrigin): FinishedSpan[] {
  const { resourceSpans } = JSON.parse(batch.toString());
  return resourceSpans[0].scopeSpans[0].spans.map((span: WrittenSpan) => toFinished(span, origin));
}

function toFinished(span: WrittenSpan, origin: SpanOrigin): FinishedSpan {
  const attributes = span.attributes.map(({ key, value }) => [key, Object.values(value)[0] as SpanValue]);
  return new FinishedSpan(
    {
      name: span.name,
      kind: span.kind - 1,
      trace: new CallTrace(span.traceId, undefined, span.traceState),
      spanId: span.spanId,
      parentSpanId: span.parentSpanId,
      isRemoteChild: (span.flags & isRemoteFlag) !== 0,
      startTime: toSpanTime(span.startTimeUnixNano),
      endTime: toSpanTime(span.endTimeUnixNano),
      attributes: Object.fromEntries(attributes),
      failed: span.status.code !== 0,
    },
    origin,
  );
}

function toSpanTime(nanoseconds: string): SpanTime {
  return [Number(nanoseconds.slice(0, -9)), Number(nanoseconds.slice(-9))];
}
