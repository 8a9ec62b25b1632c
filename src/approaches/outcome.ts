import type { Answer } from '../types/answer.ts';
import type { Reply } from './reply.ts';

/** Changes a text that comes in pieces, such as a wrapper that puts names back. */
export interface TextFilter {
  /** What may go on of all that came so far. */
  push(text: string): string;
  /** The rest. */
  end(): string;
  /** A filter for one more text of the same answer: its reasoning, or JSON as in a tool call; left out: they stay. */
  beside?(notation: 'text' | 'json'): TextFilter;
}

/** One choice of the client's answer. */
export interface Choice {
  readonly reply: Reply;
  /** The text where it is not the reply's own. */
  readonly text: string | undefined;
}

/** What a run over an approach came to. */
export interface Outcome {
  /** One per choice that the client asked for, or per branch of a pipeline. */
  readonly choices: readonly Choice[];
  /** In place of the text of the only choice: its bytes as they come. */
  readonly live: Answer | undefined;
  readonly filter: TextFilter | undefined;
  /** What is given in place of `live`, where that is ended before its first text. */
  readonly best: Reply | undefined;
  /** Told beside the answer: votes, scores, what was chosen. */
  readonly metadata: Readonly<Record<string, unknown>>;
}
