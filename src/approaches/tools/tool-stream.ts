import { readEvents, SseSplitter } from '../../bytes/sse-splitter.ts';
import { GatewayError } from '../../gateway-error.ts';
import type { Answer, ByteSink, ByteSource, Finish } from '../../types/answer.ts';
import { BudgetSpent, spentError } from '../spending.ts';
import { isTextBeside, StreamedMessage } from './streamed-message.ts';
import type { FinalMessage, ToolRounds } from './tool-rounds.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * A streamed answer with tools. Text is passed on as it comes; what a reply asks of servers is run, and the next reply
 * goes on in the same stream.
 * @param ask makes the call of one round
 * @returns when its first text is there, or its end, so that an early failure is thrown
 */
export async function openToolStream(rounds: ToolRounds, ask: (fields: Fields) => Promise<Answer>): Promise<Answer> {
  const stream = new ToolStream(rounds, ask);
  const answer = await stream.begun;
  return { ...answer, body: stream, finished: stream.finished };
}

class ToolStream implements ByteSource {
  readonly begun: Promise<Answer>;
  readonly finished: Promise<Finish>;
  readonly #rounds: ToolRounds;
  readonly #ask: (fields: Fields) => Promise<Answer>;
  readonly #begin: PromiseWithResolvers<Answer> = Promise.withResolvers();
  readonly #finish: PromiseWithResolvers<Finish> = Promise.withResolvers();
  /** Until somebody reads. */
  #held: Buffer[] = [];
  #sink: ByteSink | undefined;
  #source: ByteSource | undefined;
  #isPaused = false;
  #end: { readonly error: GatewayError | undefined } | undefined;
  /** `id`, `created` and `model` of the first chunk, which all others get. */
  #head: Fields | undefined;
  /** Whether an earlier round has said something. */
  #hasText = false;
  #isNewRound = false;
  #hasWritten = false;

  constructor(rounds: ToolRounds, ask: (fields: Fields) => Promise<Answer>) {
    this.#rounds = rounds;
    this.#ask = ask;
    this.begun = this.#begin.promise;
    this.finished = this.#finish.promise;
    void this.#run();
  }

  start(sink: ByteSink): void {
    this.#sink = sink;
    for (const chunk of this.#held.splice(0)) sink.write(chunk);
    if (this.#end !== undefined) sink.end(this.#end.error);
    else this.resume();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#source?.resume();
  }

  /** What runs beside a stream, a tool or the next call, ends by the signal of the request. */
  cancel(): void {
    this.#source?.cancel();
  }

  async #run(): Promise<void> {
    try {
      for (;;) {
        const answer = await this.#ask(this.#rounds.fields());
        const streamed = await this.#read(answer).finally(() => answer.finished); // what it took is counted by then
        const message = streamed.message();
        if (await this.#rounds.take(message)) {
          this.#isNewRound = true;
          continue;
        }
        this.#writeEnd(this.#rounds.final(message, streamed.finishReason));
        this.#begins(answer);
        return this.#over(undefined);
      }
    } catch (thrown) {
      this.#begin.reject(thrown);
      this.#over(errorOf(thrown));
    }
  }

  #read(answer: Answer): Promise<StreamedMessage> {
    const streamed = new StreamedMessage();
    const splitter = new SseSplitter();
    const source = answer.body as ByteSource;
    this.#source = source;
    return new Promise((resolve, reject) => {
      const take = (run: Buffer | undefined) => {
        try {
          if (run !== undefined) this.#take(run, streamed, answer);
        } catch {
          source.cancel();
          reject(new GatewayError('upstream_error', `backend ${answer.backend} sent an event that is no JSON`));
        }
      };
      answer.finished.then(({ outcome, error }) => {
        if (outcome !== 'complete') reject(error ?? new GatewayError('client_closed_request', 'the client went away'));
      }, reject);
      source.start({
        write: (chunk) => {
          take(splitter.push(chunk));
          return !this.#isPaused;
        },
        end: (error) => {
          if (error !== undefined) return reject(error);
          take(splitter.rest());
          resolve(streamed);
        },
      });
    });
  }

  #take(run: Buffer, streamed: StreamedMessage, answer: Answer): void {
    for (const { data } of readEvents(run)) {
      const text = data?.bytes.toString('utf8', data.start, data.end);
      if (text === undefined || text.trim() === '[DONE]') continue;
      const chunk = JSON.parse(text) as Record<string, unknown>;
      const [choice] = (Array.isArray(chunk.choices) ? chunk.choices : []) as Record<string, unknown>[];
      if (choice === undefined) continue;
      const { id, created, model } = chunk;
      this.#head ??= { id, object: 'chat.completion.chunk', created, model };
      const delta = (choice.delta ?? {}) as Fields;
      streamed.add(delta);
      if (typeof choice.finish_reason === 'string') streamed.finishReason = choice.finish_reason;
      const shown = this.#shownOf(delta);
      if (shown === undefined) continue;
      this.#write({ ...choice, delta: shown, finish_reason: null });
      this.#begins(answer);
    }
  }

  /** Of a delta the text that may go on at once; undefined: nothing. Calls are held until it is known whose they are. */
  #shownOf({ role, tool_calls, ...delta }: Fields): Fields | undefined {
    const isText = ([key, value]: [string, unknown]) =>
      (key === 'content' || isTextBeside(key)) && typeof value === 'string' && value !== '';
    if (!Object.entries(delta).some(isText)) return undefined;
    const { content } = delta;
    if (typeof content !== 'string' || content === '') return delta;
    const isSecond = this.#isNewRound && this.#hasText;
    this.#isNewRound = false;
    this.#hasText = true;
    return isSecond ? { ...delta, content: `\n\n${content}` } : delta;
  }

  #writeEnd({ message, finishReason }: FinalMessage): void {
    const calls = Array.isArray(message.tool_calls) ? (message.tool_calls as object[]) : [];
    const tool_calls = calls.map((call, index) => ({ index, ...call }));
    if (calls.length > 0) this.#write({ index: 0, delta: { tool_calls }, finish_reason: null });
    this.#write({ index: 0, delta: {}, finish_reason: finishReason });
  }

  #write(choice: Readonly<Record<string, unknown>>): void {
    const isFirst = !this.#hasWritten;
    this.#hasWritten = true;
    const shown = isFirst ? { ...choice, delta: { role: 'assistant', ...(choice.delta as object) } } : choice;
    const bytes = Buffer.from(`data: ${JSON.stringify({ ...this.#head, choices: [shown] })}\n\n`);
    if (this.#sink === undefined) {
      this.#held.push(bytes);
      this.#isPaused = true;
    } else if (!this.#sink.write(bytes)) this.#isPaused = true;
  }

  #begins(answer: Answer): void {
    this.#begin.resolve(answer); // only the first time counts
  }

  #over(error: GatewayError | undefined): void {
    this.#end = { error };
    this.#sink?.end(error);
    const outcome = error === undefined ? 'complete' : 'broken';
    this.#finish.resolve({ outcome, usage: undefined, error, text: undefined });
  }
}

function errorOf(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  if (thrown instanceof BudgetSpent) return spentError(thrown.reason);
  return new GatewayError('internal_error', 'the answer broke off', { cause: thrown });
}
