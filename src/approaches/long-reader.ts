import { chunksOf } from './long-context.ts';
import {
  type Answered,
  extractRequest,
  isNothing,
  mergeRequest,
  reduceRequest,
  unanswered,
} from './prompts/longcepo.ts';
import type { Task } from './solver.ts';

/** Asks a model something. */
export type AskText = (prompt: string) => Promise<string>;

export interface LongText {
  readonly chunks: readonly string[];
  /** One for each chunk, or none. */
  readonly summaries: readonly string[];
  readonly neighbours: number;
  /** Tokens. */
  readonly window: number;
}

/** Answers questions about a long text. */
export class LongReader {
  readonly #task: Task;
  readonly #ask: AskText;
  readonly #text: LongText;

  constructor(task: Task, ask: AskText, text: LongText) {
    this.#task = task;
    this.#ask = ask;
    this.#text = text;
  }

  async read(question: string, answers: readonly Answered[]): Promise<string> {
    const { chunks } = this.#text;
    const found = await Promise.all(
      chunks.map((chunk, at) => this.#ask(extractRequest({ chunk, around: this.#around(at), answers, question }))),
    );
    const telling = found.filter((text) => !isNothing(text));
    if (telling.length === 0) return unanswered;
    return this.#ask(reduceRequest(await this.#merged(telling, question), answers, question));
  }

  /** The summaries of the nearest other pieces, in the order of the text. */
  #around(at: number): string[] {
    const { summaries, neighbours } = this.#text;
    return summaries
      .map((summary, other) => ({ summary, other, distance: Math.abs(other - at) }))
      .filter(({ distance }) => distance > 0)
      .toSorted((one, other) => one.distance - other.distance)
      .slice(0, neighbours)
      .toSorted((one, other) => one.other - other.other)
      .map(({ summary }) => summary);
  }

  /** Merged in pairs until they fit; of a single one that does not fit, the beginning. */
  async #merged(found: readonly string[], question: string): Promise<readonly string[]> {
    const { window } = this.#text;
    const tokensOf = (texts: readonly string[]) => this.#task.tokensOf(texts);
    for (let texts = found; ; ) {
      const tokens = (await tokensOf(texts)).reduce((sum, one) => sum + one, 0);
      if (tokens <= window) return texts;
      if (texts.length === 1) return (await chunksOf(texts[0] as string, window, tokensOf)).slice(0, 1);
      texts = await Promise.all(pairsOf(texts).map((pair) => this.#mergedPair(pair, question)));
    }
  }

  #mergedPair([one, other]: readonly [string, string?], question: string): Promise<string> | string {
    return other === undefined ? one : this.#ask(mergeRequest([one, other], question));
  }
}

/** Neighbours; the last one may be left over. */
function pairsOf(texts: readonly string[]): (readonly [string, string?])[] {
  return texts.flatMap((text, at) => {
    if (at % 2 === 1) return [];
    const next = texts[at + 1];
    return [next === undefined ? ([text] as const) : ([text, next] as const)];
  });
}
