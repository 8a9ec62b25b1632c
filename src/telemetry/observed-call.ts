import type {
  AttemptTarget,
  AttemptWatch,
  CallWatch,
  WatchedHeaders,
  WireHeaders,
  WireRequest,
  WireWatch,
} from '../types/call-watch.ts';
import type { UsageRecord } from '../types/usage-record.ts';
import { ObservedBody } from './observed-body.ts';
import type { CallTrace } from './trace-context.ts';

/** What is observed of a client's request. */
export interface ObservedRequest {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly body: Buffer;
  /** Milliseconds of `performance.now()`. */
  readonly receivedAt: number;
  headers(): WireHeaders;
}

export interface ObserveOptions {
  /** Bytes of each body that are kept. */
  readonly keepBytes: number;
  /** Undefined: it is not traced. */
  readonly trace: CallTrace | undefined;
  /** Told when the call is over; returns what its log line is to hold beyond the record. */
  readonly ended: (call: ObservedCall) => object | undefined;
}

/** All that was seen of one call. It only collects; what is made of it is made when the call is over. */
export class ObservedCall implements CallWatch {
  readonly request: ObservedRequest;
  readonly attempts: ObservedAttempt[] = [];
  readonly trace: CallTrace | undefined;
  /** What the client got. */
  readonly answer: ObservedBody;
  status = 0;
  headers: WatchedHeaders = [];
  endedAt = 0;
  record: UsageRecord | undefined;
  readonly receivedAt: number;
  readonly #options: ObserveOptions;

  constructor(request: ObservedRequest, options: ObserveOptions) {
    this.request = request;
    this.receivedAt = request.receivedAt;
    this.trace = options.trace;
    this.answer = new ObservedBody(options.keepBytes);
    this.#options = options;
  }

  attempt(target: AttemptTarget, headers: readonly string[]): AttemptWatch {
    const attempt = new ObservedAttempt(target, headers, this.trace, this.#options.keepBytes);
    this.attempts.push(attempt);
    return attempt;
  }

  begun(status: number, headers: WatchedHeaders): void {
    this.status = status;
    this.headers = headers;
  }

  wrote(bytes: Buffer | string): void {
    this.answer.add(bytes);
  }

  ended(record: UsageRecord): object | undefined {
    this.record = record;
    this.endedAt = performance.now();
    return this.#options.ended(this);
  }
}

/** One try. */
export class ObservedAttempt implements AttemptWatch {
  readonly target: AttemptTarget;
  readonly headers: readonly string[];
  /** Of the span of this try; undefined where it is not traced. */
  readonly spanId: string | undefined;
  readonly startedAt = performance.now();
  readonly wires: ObservedWire[] = [];
  failedAt: number | undefined;
  code: string | undefined;
  readonly #keepBytes: number;

  constructor(target: AttemptTarget, headers: readonly string[], trace: CallTrace | undefined, keepBytes: number) {
    this.target = target;
    this.spanId = trace?.nextSpanId();
    this.headers = this.spanId === undefined || trace === undefined ? headers : trace.forward(headers, this.spanId);
    this.#keepBytes = keepBytes;
  }

  sent(request: WireRequest): WireWatch {
    const wire = new ObservedWire(request, this.#keepBytes);
    this.wires.push(wire);
    return wire;
  }

  readWhole(): void {
    const wire = this.wires.at(-1);
    if (wire !== undefined) wire.isJson = true;
  }

  failed(code: string): void {
    this.failedAt = performance.now();
    this.code = code;
  }
}

/** One request to a backend and what came back. */
export class ObservedWire implements WireWatch {
  readonly request: WireRequest;
  readonly sentAt = performance.now();
  readonly body: ObservedBody;
  /** 0: no head came. */
  status = 0;
  headers: WireHeaders = {};
  headAt = 0;
  /** Undefined: it was still open when the call was over, or the gateway gave it up. */
  closedAt: number | undefined;
  failure: string | undefined;
  /** Whether the body, once decoded, is known to be a JSON object. */
  isJson = false;

  constructor(request: WireRequest, keepBytes: number) {
    this.request = request;
    this.body = new ObservedBody(keepBytes);
  }

  head(status: number, headers: WireHeaders): void {
    this.status = status;
    this.headers = headers;
    this.headAt = performance.now();
  }

  data(chunk: Buffer): void {
    this.body.add(chunk);
  }

  closed(failure?: string): void {
    this.closedAt = performance.now();
    this.failure = failure;
  }
}
