import { normaliseAnswer } from './normalise-answer.ts';

/** Replies that give the same answer. */
export interface VoteGroup {
  /** The normalised answer, or the whole normalised text of replies without one. */
  readonly answer: string;
  readonly count: number;
  /** Index of the first reply that gave it. */
  readonly first: number;
  /** Indices of all replies that gave it, ascending. */
  readonly members: readonly number[];
}

/**
 * Groups replies by their normalised answers: most votes first, of equal ones the earliest.
 * @param answers what was extracted from each reply, undefined where nothing was
 * @param texts the replies themselves, in the same order
 */
export function voteOf(answers: readonly (string | undefined)[], texts: readonly string[]): VoteGroup[] {
  const groups = new Map<string, number[]>();
  for (const [index, answer] of answers.entries()) {
    const key = normaliseAnswer(answer ?? texts[index] ?? '');
    const members = groups.get(key);
    if (members) members.push(index);
    else groups.set(key, [index]);
  }
  return [...groups]
    .map(([answer, members]) => ({ answer, count: members.length, first: members[0] ?? 0, members }))
    .sort((a, b) => b.count - a.count || a.first - b.first);
}
