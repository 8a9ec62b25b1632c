import type { GatewayError } from '../gateway-error.ts';
import type { Answer, ByteSink, ByteSource, Finish } from '../types/answer.ts';
import type { AnswerFacts } from './answer-facts.ts';
import type { Message } from './conversation.ts';
import { LiveRewriter } from './live-rewriter.ts';
import type { Choice, Outcome } from './outcome.ts';
import type { Progress } from './progress.ts';
import { type Spending, spentError } from './spending.ts';
import { chunkOf, comment, done, event, keepAlive, piecesOf } from './stream-chunks.ts';

export interface StreamOptions {
  readonly facts: AnswerFacts;
  readonly spending: Spending;
  /** Aborted when the client leaves. */
  readonly client: AbortSignal;
  /** Undefined: the client does not want to see it. */
  readonly progress: Progress | undefined;
  readonly wantsUsage: boolean;
  /** After so much silence, and so often then, a comment shows that something is still going on. */
  readonly keepAliveMs: number;
  /** Turns whatever was thrown into what the client is told. */
  readonly toError: (thrown: unknown) => GatewayError;
}

/**
 * The client's answer as a stream. Until its first text, or `keepAliveMs`, nothing is sent, so that an early failure
 * keeps its status.
 * @param solving fulfilled with what the approach came to
 */
export async function renderStream(solving: Promise<Outcome>, options: StreamOptions): Promise<Answer> {
  const outcome = await soon(solving, options.keepAliveMs);
  const { facts } = options;
  const body = new ApproachStream(solving, outcome === undefined, options);
  return {
    status: 200,
    headers: [['content-type', 'text/event-stream; charset=utf-8'], ...facts.headers(true)],
    body,
    ...(facts.answeredBy() ?? { backend: '', model: '' }),
    attempts: facts.calls,
    firstByteAt: performance.now(),
    finished: body.finished,
  };
}

async function soon(solving: Promise<Outcome>, limitMs: number): Promise<Outcome | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), limitMs);
  });
  try {
    return await Promise.race([solving, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** How a stream came to its end; with an error: it broke off. */
interface StreamEnd {
  readonly outcome: Finish['outcome'];
  readonly error?: GatewayError;
}

class ApproachStream implements ByteSource {
  readonly finished: Promise<Finish>;
  readonly #solving: Promise<Outcome>;
  readonly #isLate: boolean;
  readonly #options: StreamOptions;
  #finish: (finish: Finish) => void = () => undefined;
  #live: ByteSource | undefined;
  /** Runs until there is text. */
  #timer: NodeJS.Timeout | undefined;

  constructor(solving: Promise<Outcome>, isLate: boolean, options: StreamOptions) {
    this.#solving = solving;
    this.#isLate = isLate;
    this.#options = options;
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  start(sink: ByteSink): void {
    void this.#run(sink);
  }

  resume(): void {
    this.#live?.resume();
  }

  /** The client has gone; the calls of the approach end by its signal. */
  cancel(): void {
    this.#live?.cancel();
  }

  async #run(sink: ByteSink): Promise<void> {
    const { keepAliveMs, progress, client, spending, facts } = this.#options;
    if (this.#isLate) sink.write(keepAlive);
    this.#timer = setInterval(() => sink.write(keepAlive), keepAliveMs);
    progress?.listen((line) => sink.write(comment(line)));
    let end: StreamEnd;
    try {
      const outcome = await this.#solving;
      end = outcome.live === undefined ? this.#writeText(outcome, sink) : await this.#passOn(outcome, sink);
    } catch (thrown) {
      end = client.aborted ? { outcome: 'cancelled' } : { outcome: 'broken', error: this.#options.toError(thrown) };
    }
    this.#quiet();
    spending.close();
    if (end.outcome !== 'cancelled') sink.end(end.error);
    this.#finish({ outcome: end.outcome, usage: facts.usage(), error: end.error, text: undefined });
  }

  #writeText({ choices }: Pick<Outcome, 'choices'>, sink: ByteSink): StreamEnd {
    const { facts } = this.#options;
    const { response } = (choices[0] as Choice).reply;
    const write = (fields: object) => sink.write(event(chunkOf(response, fields)));
    this.#quiet();
    for (const [index, { reply, text }] of choices.entries()) {
      const { content, ...message } = withNumberedCalls(reply.message);
      const shown = text ?? (typeof content === 'string' ? content : reply.text);
      write({ choices: [{ index, delta: { ...message, role: 'assistant', content: '' }, finish_reason: null }] });
      for (const piece of piecesOf(shown)) {
        write({ choices: [{ index, delta: { content: piece }, finish_reason: null }] });
      }
      const isLast = index === choices.length - 1;
      const told = isLast ? { headrace: facts.told() } : {};
      write({ choices: [{ index, delta: {}, finish_reason: reply.finishReason }], ...told });
    }
    this.#writeEnd(response, sink);
    return { outcome: 'complete' };
  }

  /** Passes the last call's text on as it comes; its end is held back until all is known that is told with it. */
  async #passOn(outcome: Outcome, sink: ByteSink): Promise<StreamEnd> {
    const { facts, client, spending } = this.#options;
    const live = outcome.live as Answer;
    const rewriter: LiveRewriter = new LiveRewriter(outcome.filter, (chunk) => {
      if (rewriter.hasText) this.#quiet();
      return sink.write(event(chunk));
    });
    const source = live.body as ByteSource;
    this.#live = source;
    const error = await endOf(source, rewriter, spending.signal);
    // What it took is counted by then.
    await live.finished;
    if (client.aborted) return { outcome: 'cancelled' };
    if (spending.signal.aborted) return this.#endEarly(outcome, rewriter, sink);
    if (error !== undefined) return { outcome: 'broken', error };
    rewriter.end(facts.told());
    this.#writeEnd(rewriter.response, sink);
    return { outcome: 'complete' };
  }

  /** The budget is spent: the text so far is the answer, else the best candidate, else there is none. */
  #endEarly(outcome: Outcome, rewriter: LiveRewriter, sink: ByteSink): StreamEnd {
    const { facts, spending } = this.#options;
    const reason = spending.spent ?? 'deadline';
    const isBestGiven = spending.whenSpent === 'best';
    if (isBestGiven && rewriter.hasText) {
      spending.stopped = reason;
      rewriter.end(facts.told(), 'length');
      this.#writeEnd(rewriter.response, sink);
      return { outcome: 'complete' };
    }
    if (isBestGiven && outcome.best !== undefined && outcome.filter === undefined) {
      spending.stopped = reason;
      return this.#writeText({ choices: [{ reply: outcome.best, text: undefined }] }, sink);
    }
    return { outcome: 'broken', error: spentError(reason) };
  }

  #writeEnd(response: Readonly<Record<string, unknown>>, sink: ByteSink): void {
    const { facts, wantsUsage } = this.#options;
    if (wantsUsage) sink.write(event({ ...chunkOf(response, { choices: [] }), usage: facts.usageTold() }));
    sink.write(done);
  }

  /** Nothing but the answer from here on. */
  #quiet(): void {
    clearInterval(this.#timer);
    this.#options.progress?.stop();
  }
}

/** In a stream each call of a tool has its number. */
function withNumberedCalls(message: Message): Message {
  const { tool_calls } = message;
  if (!Array.isArray(tool_calls)) return message;
  return { ...message, tool_calls: tool_calls.map((call: object, index) => ({ index, ...call })) };
}

/** The end of a stream that is read into a rewriter, by itself or by the signal. */
function endOf(source: ByteSource, rewriter: LiveRewriter, signal: AbortSignal): Promise<GatewayError | undefined> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
    if (signal.aborted) resolve(undefined);
    source.start({ write: (chunk) => signal.aborted || rewriter.push(chunk), end: resolve });
  });
}
