import { readEvents, SseSplitter } from '../bytes/sse-splitter.ts';
import { DeltaFilter } from './delta-filter.ts';
import type { TextFilter } from './outcome.ts';
import { chunkOf } from './stream-chunks.ts';

/** Reads the events of the last call, and writes them on without usage, its end with what is told beside it. */
export class LiveRewriter {
  /** Of its chunks: `id`, `created`, `model`. */
  response: Readonly<Record<string, unknown>> = {};
  /** Whether any text went on. */
  hasText = false;
  readonly #splitter = new SseSplitter();
  readonly #filter: DeltaFilter;
  readonly #write: (chunk: object) => boolean;
  #last: Record<string, unknown> | undefined;

  constructor(filter: TextFilter | undefined, write: (chunk: object) => boolean) {
    this.#filter = new DeltaFilter(filter);
    this.#write = write;
  }

  push(bytes: Buffer): boolean {
    const run = this.#splitter.push(bytes);
    return run === undefined || this.#read(run);
  }

  /** @param cutBy the `finish_reason` where the end did not come by itself */
  end(told: object, cutBy?: string): void {
    this.#read(this.#splitter.rest());
    const rest = this.#filter.rest();
    if (rest !== undefined) this.#writeDelta(rest);
    const ending = { choices: [{ index: 0, delta: {}, finish_reason: cutBy ?? 'stop' }] };
    this.#write({ ...(this.#last ?? chunkOf(this.response, ending)), headrace: told });
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
    if (isHeldBack) return true;
    this.hasText ||= isText(delta.content);
    return this.#write({ ...chunk, choices: [{ ...choice, delta }] });
  }

  #writeDelta(delta: Readonly<Record<string, unknown>>): boolean {
    this.hasText ||= isText(delta.content);
    return this.#write(chunkOf(this.response, { choices: [{ index: 0, delta, finish_reason: null }] }));
  }
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}
