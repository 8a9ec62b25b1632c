import { readEvents, SseSplitter } from '../bytes/sse-splitter.ts';
import type { GatewayError } from '../gateway-error.ts';
import type { Answer, ByteSink, ByteSource, Finish } from '../types/answer.ts';
import { type AnswerFacts, factHeaders, headraceFacts, usageOf } from './answer-facts.ts';
import { DeltaFilter } from './delta-filter.ts';
import type { Choice, Outcome } from './outcome.ts';
import { whoGave } from './render-whole.ts';

export interface StreamOptions {
  readonly facts: AnswerFacts;
  readonly wantsUsage: boolean;
  /** After so much silence, and so often then, a comment shows that something is still going on. */
  readonly keepAliveMs: number;
  /** Turns whatever was thrown into what the client is told. */
  readonly toError: (thrown: unknown) => GatewayError;
}

const keepAlive = Buffer.from(': keep-alive\n\n');
const done = Buffer.from('data: [DONE]\n\n');
/** Characters of one piece of a text that is sent in pieces. */
const pieceLength = 120;

/**
 * The client's answer as a stream. Until its first text, or `keepAliveMs`, nothing is sent, so that an early failure
 * keeps its status.
 * @param solving fulfilled with what the approach came to
 */
export async function renderStream(solving: Promise<Outcome>, options: StreamOptions): Promise<Answer> {
  const outcome = await soon(solving, options.keepAliveMs);
  const body = new ApproachStream(solving, outcome === undefined, options);
  const first = outcome?.choices[0]?.reply;
  return {
    status: 200,
    headers: [['content-type', 'text/event-stream; charset=utf-8'], ...factHeaders(options.facts, true)],
    body,
    ...(first === undefined ? { backend: '', model: '' } : whoGave(first)),
    attempts: options.facts.spending.calls,
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

class ApproachStream implements ByteSource {
  readonly finished: Promise<Finish>;
  readonly #solving: Promise<Outcome>;
  readonly #isLate: boolean;
  readonly #options: StreamOptions;
  #finish: (finish: Finish) => void = () => undefined;
  #live: ByteSource | undefined;
  #isOver = false;
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
    this.#over('cancelled', undefined);
  }

  async #run(sink: ByteSink): Promise<void> {
    const { keepAliveMs } = this.#options;
    if (this.#isLate) sink.write(keepAlive);
    this.#timer = setInterval(() => sink.write(keepAlive), keepAliveMs);
    try {
      const outcome = await this.#solving;
      if (this.#isOver) return;
      const error = outcome.live === undefined ? this.#writeText(outcome, sink) : await this.#passOn(outcome, sink);
      sink.end(error);
      this.#over(error === undefined ? 'complete' : 'broken', error);
    } catch (thrown) {
      if (this.#isOver) return;
      const error = this.#options.toError(thrown);
      sink.end(error);
      this.#over('broken', error);
    }
  }

  #writeText(outcome: Outcome, sink: ByteSink): undefined {
    const { facts } = this.#options;
    const { response } = (outcome.choices[0] as Choice).reply;
    const write = (fields: object) => sink.write(event(chunkOf(response, fields)));
    for (const [index, { reply, text }] of outcome.choices.entries()) {
      const { content, ...message } = reply.message;
      const shown = text ?? (typeof content === 'string' ? content : reply.text);
      write({ choices: [{ index, delta: { ...message, role: 'assistant', content: '' }, finish_reason: null }] });
      for (const piece of piecesOf(shown)) {
        write({ choices: [{ index, delta: { content: piece }, finish_reason: null }] });
      }
      const isLast = index === outcome.choices.length - 1;
      const told = isLast ? { headrace: headraceFacts(facts, outcome) } : {};
      write({ choices: [{ index, delta: {}, finish_reason: reply.finishReason }], ...told });
    }
    this.#writeEnd(response, sink);
  }

  /** Passes the last call's text on as it comes; its end is held back until all is known that is told with it. */
  #passOn(outcome: Outcome, sink: ByteSink): Promise<GatewayError | undefined> {
    const { facts } = this.#options;
    const live = outcome.live as Answer;
    const rewriter = new LiveRewriter(outcome, (fields, hasText) => {
      if (hasText) clearInterval(this.#timer);
      return sink.write(event(fields));
    });
    const source = live.body as ByteSource;
    this.#live = source;
    return new Promise((resolve) => {
      source.start({
        write: (chunk) => rewriter.push(chunk),
        end: (error) => {
          if (error !== undefined) return resolve(error);
          void live.finished.then(() => {
            rewriter.end(headraceFacts(facts, outcome));
            this.#writeEnd(rewriter.response, sink);
            resolve(undefined);
          });
        },
      });
    });
  }

  #writeEnd(response: Readonly<Record<string, unknown>>, sink: ByteSink): void {
    const { facts, wantsUsage } = this.#options;
    if (wantsUsage) sink.write(event({ ...chunkOf(response, { choices: [] }), usage: usageOf(facts) }));
    sink.write(done);
  }

  #over(outcome: Finish['outcome'], error: GatewayError | undefined): void {
    this.#isOver = true;
    clearInterval(this.#timer);
    this.#finish({ outcome, usage: this.#options.facts.ledger.total(), error, text: undefined });
  }
}

/** Reads the events of the last call, and writes them on without usage, its end with what is told beside it. */
class LiveRewriter {
  /** Of its chunks: `id`, `created`, `model`. */
  response: Readonly<Record<string, unknown>> = {};
  readonly #splitter = new SseSplitter();
  readonly #filter: DeltaFilter;
  readonly #write: (chunk: object, hasText: boolean) => boolean;
  #last: Record<string, unknown> | undefined;

  constructor({ filter }: Outcome, write: (chunk: object, hasText: boolean) => boolean) {
    this.#filter = new DeltaFilter(filter);
    this.#write = write;
  }

  push(bytes: Buffer): boolean {
    const run = this.#splitter.push(bytes);
    return run === undefined || this.#read(run);
  }

  end(told: object): void {
    this.#read(this.#splitter.rest());
    const rest = this.#filter.rest();
    if (rest !== undefined) this.#writeDelta(rest);
    const last = this.#last ?? chunkOf(this.response, { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
    this.#write({ ...last, headrace: told }, true);
  }

  #read(run: Buffer): boolean {
    let isReady = true;
    for (const { data } of readEvents(run)) {
      const text = data?.bytes.toString('utf8', data.start, data.end);
      if (text === undefined || text.trim() === '[DONE]') continue;
      const { usage, ...chunk } = JSON.parse(text) as Record<string, unknown>;
      this.response = chunk;
      isReady = this.#pass(chunk) && isReady;
    }
    return isReady;
  }

  #pass(chunk: Record<string, unknown>): boolean {
    const [choice] = (Array.isArray(chunk.choices) ? chunk.choices : []) as Record<string, unknown>[];
    if (choice === undefined) return true;
    const sent = (choice.delta ?? {}) as Record<string, unknown>;
    const delta = this.#filter.pass(sent);
    const isHeldBack = isText(sent.content) && !isText(delta.content) && Object.keys(delta).length === 1;
    if (choice.finish_reason !== null && choice.finish_reason !== undefined) {
      // What was held back before still comes between this text and the end.
      this.#last = { ...chunk, choices: [{ ...choice, delta: {} }] };
      return isHeldBack || Object.keys(delta).length === 0 || this.#writeDelta(delta);
    }
    return isHeldBack || this.#write({ ...chunk, choices: [{ ...choice, delta }] }, isText(delta.content));
  }

  #writeDelta(delta: Readonly<Record<string, unknown>>): boolean {
    const choices = [{ index: 0, delta, finish_reason: null }];
    return this.#write(chunkOf(this.response, { choices }), isText(delta.content));
  }
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function chunkOf({ id, created, model }: Readonly<Record<string, unknown>>, fields: object): object {
  return { id, object: 'chat.completion.chunk', created, model, ...fields };
}

function event(value: object): Buffer {
  return Buffer.from(`data: ${JSON.stringify(value)}\n\n`);
}

/** Pieces that end between words where there are any, and never within a character. */
function piecesOf(text: string): string[] {
  const pieces = text.match(new RegExp(`[\\s\\S]{1,${pieceLength}}(?:\\s|$)|[\\s\\S]{1,${pieceLength}}`, 'gu'));
  return pieces ?? [];
}
