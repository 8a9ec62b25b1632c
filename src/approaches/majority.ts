import { extractAnswer } from './reading/extract-answer.ts';
import { voteOf } from './reading/vote-of.ts';

/** How often an answer was given. */
export interface Vote {
  /** Normalised; null where the replies have no answer that stands out, and agree as a whole. */
  readonly answer: string | null;
  readonly count: number;
}

/**
 * Lets replies vote with their extracted answers; one without votes for its whole text.
 * @returns the index of the first reply that gave the answer with most votes, of equal ones the earliest
 */
export function majorityOf(replies: readonly { readonly text: string }[]): { winner: number; votes: Vote[] } {
  const texts = replies.map(({ text }) => text);
  const answers = texts.map(extractAnswer);
  const groups = voteOf(answers, texts);
  const votes = groups.map(({ answer, count, members }) => {
    const isExtracted = members.some((member) => answers[member] !== undefined);
    return { answer: isExtracted ? answer : null, count };
  });
  return { winner: groups[0]?.first ?? 0, votes };
}
