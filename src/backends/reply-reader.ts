import type { ByteSink, ByteSource, Finish } from '../types/answer.ts';
import { type BackendReply, type BackendRequest, UpstreamFailure } from './backend.ts';
import { createDecoder, type Decoder } from './decoder.ts';
import { EventFilter } from './event-filter.ts';
import type { Failures } from './failures.ts';
import type { TransportError, UpstreamExchange, UpstreamHandler, UpstreamHeaders } from './transport.ts';
import { readErrorValue } from './upstream-error-body.ts';
import { readWholeReply } from './whole-reply.ts';

/** How long, in milliseconds, and how much of a stream without a first event is held back. */
const maximumHoldMs = 5000;
const maximumHoldBytes = 64 * 1024;

export interface ReplyReaderOptions {
  readonly request: BackendRequest;
  readonly failures: Failures;
  readonly maximumBytes: number;
  readonly resolve: (reply: BackendReply) => void;
  readonly reject: (failure: UpstreamFailure) => void;
}

/**
 * Reads one answer of an OpenAI-compatible backend. What is no stream is read whole; a stream is handed on once its
 * first event is there, so that one which dies or fails before that can still be tried again.
 */
export class ReplyReader implements UpstreamHandler, ByteSource {
  exchange: UpstreamExchange | undefined;
  readonly #options: ReplyReaderOptions;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #status = 0;
  #headers: UpstreamHeaders = {};
  #filter: EventFilter | undefined;
  #decoder: Decoder | undefined;
  #firstByteAt = 0;
  #holdTimer: NodeJS.Timeout | undefined;
  #state: 'opening' | 'open' | 'flowing' | 'over' = 'opening';
  #sink: ByteSink | undefined;
  #end: { error: TransportError | undefined } | undefined;
  #finish: ((finish: Finish) => void) | undefined;

  constructor(options: ReplyReaderOptions) {
    this.#options = options;
  }

  head(status: number, headers: UpstreamHeaders): void {
    this.#status = status;
    this.#headers = headers;
    if (status === 200 && /^text\/event-stream/i.test(String(headers['content-type'] ?? ''))) {
      this.#filter = new EventFilter(this.#options.request.rules);
    }
    const encoding = String(headers['content-encoding'] ?? 'identity').toLowerCase();
    if (encoding !== 'identity' && encoding !== '') {
      this.#decoder = createDecoder(encoding, {
        data: (chunk) => this.#take(chunk),
        end: () => this.#over(undefined),
        fail: (why) => this.#giveUp(why),
      });
      if (this.#decoder === undefined) this.#giveUp(`the content encoding "${encoding}", though none was asked for`);
    }
  }

  data(chunk: Buffer): void {
    if (this.#firstByteAt === 0) this.#firstByteAt = performance.now();
    if (this.#decoder) this.#decoder.write(chunk);
    else this.#take(chunk);
  }

  end(): void {
    if (this.#decoder) this.#decoder.end();
    else this.#over(undefined);
  }

  fail(error: TransportError): void {
    this.#over(error);
  }

  /** The client has gone: nothing of this answer is wanted any more. */
  cancel(): void {
    if (this.#state === 'over') return;
    this.exchange?.abort();
    const opened = this.#state !== 'opening';
    this.#close();
    if (opened) this.#settle('cancelled', undefined);
  }

  start(sink: ByteSink): void {
    this.#sink = sink;
    if (this.#state !== 'open') return;
    this.#state = 'flowing';
    for (const chunk of this.#chunks.splice(0)) this.#write(chunk);
    if (this.#end) this.#endStream(this.#end.error);
    else if (this.#filter?.done) this.#endStream(undefined);
  }

  resume(): void {
    this.exchange?.resume();
  }

  #take(chunk: Buffer): void {
    if (this.#state === 'over') return;
    if (this.#filter === undefined) {
      this.#bytes += chunk.length;
      if (this.#bytes > this.#options.maximumBytes) {
        this.#giveUp(`more than ${this.#options.maximumBytes} bytes (limits.max_response_bytes)`);
      } else this.#chunks.push(chunk);
      return;
    }
    const passed = this.#filter.push(chunk);
    if (this.#filter.isOverfull) {
      this.#over(undefined, 'an event was too large');
      return;
    }
    if (passed !== undefined) {
      if (this.#state === 'flowing') this.#write(passed);
      else this.#chunks.push(passed);
    }
    if (this.#state === 'opening') this.#tryOpen(chunk.length);
    else if (this.#filter.done && this.#state === 'flowing') this.#endStream(undefined);
  }

  /** Hands the stream on as soon as its first event is there. */
  #tryOpen(bytes: number): void {
    this.#bytes += bytes;
    const first = this.#filter?.firstData;
    if (first !== undefined) {
      const error = errorEvent(first);
      if (error === undefined) this.#open();
      else this.#reject(this.#options.failures.fromErrorBody(error));
    } else if (this.#bytes > maximumHoldBytes) {
      this.#open();
    } else {
      this.#holdTimer ??= setTimeout(() => this.#open(), maximumHoldMs);
    }
  }

  #open(): void {
    clearTimeout(this.#holdTimer);
    this.#state = 'open';
    const finished = new Promise<Finish>((resolve) => {
      this.#finish = resolve;
    });
    this.#options.resolve({
      status: this.#status,
      headers: this.#headers,
      body: this,
      firstByteAt: this.#firstByteAt,
      finished,
    });
  }

  #write(chunk: Buffer): void {
    if (this.#sink?.write(chunk) === false) this.exchange?.pause();
  }

  /** The backend has ended, well or not. */
  #over(error: TransportError | undefined, why?: string): void {
    if (this.#state === 'over') return;
    if (this.#state === 'open') {
      this.#end = { error };
    } else if (this.#state === 'flowing') {
      this.#endStream(error, why);
    } else if (error !== undefined) {
      this.#reject(this.#options.failures.fromTransport(error, this.exchange?.reached ?? false));
    } else if (this.#filter !== undefined) {
      this.#endUnopened(why);
    } else {
      this.#endWhole();
    }
  }

  /** A stream that ended before its first event was complete. */
  #endUnopened(why = 'it ended without any event'): void {
    const error = this.#options.failures.cutStream(why);
    this.#reject(new UpstreamFailure(error, { retry: 'backoff', reached: true }));
  }

  #endWhole(): void {
    const body = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    const { failures, request, resolve } = this.#options;
    this.#close();
    if (this.#status < 200 || this.#status > 299) {
      this.#options.reject(failures.fromStatus(this.#status, this.#headers, body));
      return;
    }
    const read =
      body.length === 0
        ? failures.unreadable('an empty body', this.#status)
        : readWholeReply(body, request.rules, failures);
    if (read instanceof UpstreamFailure) this.#options.reject(read);
    else {
      const firstByteAt = this.#firstByteAt || performance.now();
      resolve({ status: this.#status, headers: this.#headers, firstByteAt, ...read });
    }
  }

  #endStream(error: TransportError | undefined, why?: string): void {
    const filter = this.#filter as EventFilter;
    const rest = filter.end();
    if (rest !== undefined && !filter.done) this.#sink?.write(rest);
    const whole = filter.done || (error === undefined && why === undefined && filter.sawFinish);
    const ending = filter.failed ? 'it ended in an error event' : 'it ended without [DONE]';
    const broken = whole ? undefined : this.#options.failures.cutStream(error ?? why ?? ending);
    if (why !== undefined) this.exchange?.abort();
    this.#close();
    this.#sink?.end(filter.failed ? undefined : broken); // the backend's own error event is told already
    this.#settle(broken ? 'broken' : 'complete', broken);
  }

  /** An answer that cannot be used, whatever else may come of it. */
  #giveUp(why: string): void {
    if (this.#state === 'over') return;
    this.exchange?.abort();
    if (this.#state === 'opening') this.#reject(this.#options.failures.unreadable(why));
    else this.#endStream(undefined, why);
  }

  #reject(failure: UpstreamFailure): void {
    this.exchange?.abort();
    this.#close();
    this.#options.reject(failure);
  }

  #close(): void {
    this.#state = 'over';
    clearTimeout(this.#holdTimer);
  }

  #settle(outcome: Finish['outcome'], error: Finish['error']): void {
    const filter = this.#filter as EventFilter;
    const text = this.#options.request.rules.keepText ? () => filter.text() : undefined;
    this.#finish?.({ outcome, usage: filter.usage, error, text });
  }
}

/** The error that a stream's first event is, if it is one. */
function errorEvent(data: string) {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { error, choices, object } = value as Record<string, unknown>;
  if ((error || object === 'error') && choices === undefined) return readErrorValue(value);
  return undefined;
}
