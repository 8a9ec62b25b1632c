import type { ByteSink, ByteSource, Finish } from '../types/answer.ts';
import { AnswerClock } from './answer-clock.ts';
import { type BackendReply, type BackendRequest, UpstreamFailure } from './backend.ts';
import { createDecoder, type Decoder } from './decoder.ts';
import { EventFilter } from './event-filter.ts';
import type { Failures } from './failures.ts';
import { HeldBody } from './held-body.ts';
import { readQuota } from './read-quota.ts';
import { judgeEnd, judgeStart, type StartVerdict } from './start-verdict.ts';
import { TransportError, type UpstreamExchange, type UpstreamHandler, type UpstreamHeaders } from './transport.ts';
import { readWholeReply } from './whole-reply.ts';

export interface ReplyReaderOptions {
  readonly request: BackendRequest;
  readonly failures: Failures;
  readonly maximumBytes: number;
  readonly resolve: (reply: BackendReply) => void;
  readonly reject: (failure: UpstreamFailure) => void;
}

/**
 * Reads one answer of an OpenAI-compatible backend. What is no stream is read whole; a stream is handed on once its
 * first output is there, so that one which dies, fails or ends before that can still be tried again.
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
  readonly #clock: AnswerClock;
  #state: 'opening' | 'open' | 'flowing' | 'over' = 'opening';
  #sink: ByteSink | undefined;
  /** How it ended before anybody read it. */
  #end: { error: TransportError | undefined; why: string | undefined } | undefined;
  #finish: ((finish: Finish) => void) | undefined;

  constructor(options: ReplyReaderOptions) {
    this.#options = options;
    this.#clock = new AnswerClock(options.request, (why) => this.#late(why));
  }

  head(status: number, headers: UpstreamHeaders): void {
    this.#status = status;
    this.#headers = headers;
    if (status === 200 && /^text\/event-stream/i.test(String(headers['content-type'] ?? ''))) {
      this.#filter = new EventFilter(this.#options.request.rules);
    }
    const encoding = String(headers['content-encoding'] ?? 'identity').toLowerCase();
    if (encoding !== 'identity' && encoding !== '') this.#decode(encoding);
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
    if (opened) this.#finish?.(this.#finishOf('cancelled', undefined));
  }

  start(sink: ByteSink): void {
    this.#sink = sink;
    if (this.#state !== 'open') return;
    this.#state = 'flowing';
    for (const chunk of this.#chunks.splice(0)) this.#write(chunk);
    if (this.#end) this.#endStream(this.#end.error, this.#end.why);
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
    if (this.#state === 'opening') {
      this.#bytes += chunk.length;
      this.#begin(judgeStart(this.#filter, this.#bytes));
    } else if (this.#filter.done && this.#state === 'flowing') this.#endStream(undefined);
  }

  #decode(encoding: string): void {
    this.#decoder = createDecoder(encoding, {
      data: (chunk) => this.#take(chunk),
      end: () => this.#over(undefined),
      fail: (why) => this.#giveUp(why),
    });
    if (this.#decoder === undefined) this.#giveUp(`the content encoding "${encoding}", though none was asked for`);
  }

  /** @param why the reason of a `cut` */
  #begin(verdict: StartVerdict, why?: string): void {
    const { failures, request } = this.#options;
    const filter = this.#filter as EventFilter;
    if (verdict === 'hold') this.#clock.hold(() => this.#open());
    else if (verdict === 'open' || (verdict === 'empty' && !request.generates)) this.#open();
    else if (verdict === 'failed') this.#reject(failures.fromErrorEvent(filter.startError, this.#headers, request.key));
    else if (verdict === 'empty') this.#rejectEmpty();
    else this.#reject(failures.cutStart(why ?? `it ended without any ${filter.sawData ? 'output' : 'event'}`));
  }

  /** The connection is left to end by itself, so that it can be used again. */
  #rejectEmpty(): void {
    const finish = this.#finishOf('complete', undefined);
    this.#close();
    const reply = this.#reply(new HeldBody(this.#chunks), Promise.resolve(finish));
    this.#options.reject(this.#options.failures.empty(reply));
  }

  /** Hands the stream on. */
  #open(): void {
    this.#clock.handedOn();
    this.#state = 'open';
    this.#filter?.stopSeeking();
    const { resolve, request } = this.#options;
    if (request.gapMs !== undefined) this.exchange?.boundGap(request.gapMs);
    const finished = new Promise<Finish>((settle) => {
      this.#finish = settle;
    });
    resolve(this.#reply(this, finished));
  }

  #reply(body: ByteSource, finished: Promise<Finish>): BackendReply {
    const quota = readQuota(this.#headers);
    return { status: this.#status, headers: this.#headers, body, firstByteAt: this.#firstByteAt, quota, finished };
  }

  #write(chunk: Buffer): void {
    if (this.#sink?.write(chunk) === false) this.exchange?.pause();
  }

  /** The backend has ended, well or not. */
  #over(error: TransportError | undefined, why?: string): void {
    if (this.#state === 'over') return;
    if (this.#state === 'open') {
      this.#end ??= { error, why };
    } else if (this.#state === 'flowing') {
      this.#endStream(error, why);
    } else if (error !== undefined) {
      this.#reject(this.#options.failures.fromTransport(error, this.exchange?.reached ?? false));
    } else if (this.#filter !== undefined) {
      const rest = why === undefined ? this.#filter.end() : undefined;
      if (rest !== undefined) this.#chunks.push(rest);
      this.#end = { error: undefined, why: undefined };
      this.#begin(why === undefined ? judgeEnd(this.#filter) : 'cut', why);
    } else {
      this.#endWhole();
    }
  }

  #endWhole(): void {
    const { failures, request, resolve, reject } = this.#options;
    this.#close();
    const body = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    const firstByteAt = this.#firstByteAt || performance.now();
    const answer = { status: this.#status, headers: this.#headers, body, firstByteAt };
    const read = readWholeReply(answer, request, failures);
    if (read instanceof UpstreamFailure) reject(read);
    else resolve(read);
  }

  #endStream(error: TransportError | undefined, why?: string): void {
    const filter = this.#filter as EventFilter;
    const rest = filter.done ? undefined : filter.end();
    if (rest !== undefined) this.#sink?.write(rest);
    const whole = filter.done || (error === undefined && why === undefined && filter.sawFinish);
    const ending = filter.failed ? 'it ended in an error event' : 'it ended without [DONE]';
    const broken = whole ? undefined : this.#options.failures.cutStream(error ?? why ?? ending);
    if (why !== undefined) this.exchange?.abort();
    this.#close();
    this.#sink?.end(filter.failed ? undefined : broken); // the backend's own error event is told already
    this.#finish?.(this.#finishOf(broken ? 'broken' : 'complete', broken));
  }

  /** An answer that cannot be used, whatever else may come of it. */
  #giveUp(why: string): void {
    if (this.#state === 'over') return;
    this.exchange?.abort();
    if (this.#state === 'opening') this.#reject(this.#options.failures.unreadable(why));
    else this.#over(undefined, why);
  }

  #reject(failure: UpstreamFailure): void {
    this.exchange?.abort();
    this.#close();
    this.#options.reject(failure);
  }

  /** A bound of the request is over. */
  #late(why: string): void {
    if (this.#state === 'over') return;
    if (this.#state === 'opening') {
      this.#reject(this.#options.failures.late(why, this.exchange?.reached ?? false));
    } else {
      this.exchange?.abort();
      this.#over(new TransportError('timeout', why));
    }
  }

  #close(): void {
    this.#state = 'over';
    this.#clock.stop();
  }

  #finishOf(outcome: Finish['outcome'], error: Finish['error']): Finish {
    const filter = this.#filter as EventFilter;
    const text = this.#options.request.rules.keepText ? () => filter.text() : undefined;
    return { outcome, usage: filter.usage, error, text };
  }
}
