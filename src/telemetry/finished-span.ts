import type { CallTrace } from './trace-context.ts';

export type SpanValue = string | number | boolean;

/** Seconds and nanoseconds since 1970. */
export type SpanTime = [number, number];

/** What the exporter takes for a resource. */
export interface SpanResource {
  readonly attributes: Readonly<Record<string, SpanValue>>;
}

/** What all spans of a process share. */
export interface SpanOrigin {
  readonly resource: SpanResource;
  readonly instrumentationScope: { readonly name: string; readonly version: string };
}

interface SpanFacts {
  readonly name: string;
  readonly kind: number;
  readonly trace: CallTrace;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  /** Whether the parent is another process' span. */
  readonly isRemoteChild: boolean;
  readonly startTime: SpanTime;
  readonly endTime: SpanTime;
  readonly attributes: Readonly<Record<string, SpanValue>>;
  readonly failed: boolean;
}

const none: readonly never[] = [];
const unset = { code: 0 };
const failure = { code: 2 };

/**
 * A span that is over, in the shape in which OpenTelemetry's exporters take it. Spans are made when a call is over, out
 * of what was observed, which costs a fraction of keeping living ones.
 */
export class FinishedSpan {
  readonly name: string;
  readonly kind: number;
  readonly startTime: SpanTime;
  readonly endTime: SpanTime;
  readonly attributes: Readonly<Record<string, SpanValue>>;
  readonly status: { readonly code: number };
  readonly parentSpanContext: object | undefined;
  readonly resource: SpanResource;
  readonly instrumentationScope: SpanOrigin['instrumentationScope'];
  readonly links = none;
  readonly events = none;
  readonly ended = true;
  readonly droppedAttributesCount = 0;
  readonly droppedEventsCount = 0;
  readonly droppedLinksCount = 0;
  readonly #context: object;

  constructor(facts: SpanFacts, origin: SpanOrigin) {
    const { trace, parentSpanId, isRemoteChild } = facts;
    const { state, traceId } = trace;
    const traceState = state === undefined ? undefined : { serialize: () => state };
    this.name = facts.name;
    this.kind = facts.kind;
    this.startTime = facts.startTime;
    this.endTime = facts.endTime;
    this.attributes = facts.attributes;
    this.status = facts.failed ? failure : unset;
    this.#context = { traceId, spanId: facts.spanId, traceFlags: 1, traceState };
    this.parentSpanContext =
      parentSpanId === undefined
        ? undefined
        : { traceId, spanId: parentSpanId, traceFlags: 1, isRemote: isRemoteChild };
    this.resource = origin.resource;
    this.instrumentationScope = origin.instrumentationScope;
  }

  get duration(): SpanTime {
    const [seconds, nanoseconds] = this.endTime;
    const all = (seconds - this.startTime[0]) * 1e9 + nanoseconds - this.startTime[1];
    return [Math.floor(all / 1e9), all % 1e9];
  }

  spanContext(): object {
    return this.#context;
  }
}
