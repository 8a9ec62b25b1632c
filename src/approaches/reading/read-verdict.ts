export type Verdict = 'CORRECT' | 'INCORRECT';

/** Whole words: not within another word, nor a part of a `name_with_underscores`; `_emphasis_` is no part of a word. */
const verdicts = /(?<![\p{L}\p{N}]_?)(?:in)?correct(?!_?[\p{L}\p{N}])/giu;

/** The last whole word CORRECT or INCORRECT, in any case; INCORRECT where there is neither. */
export function readVerdict(text: string): Verdict {
  let last = 'incorrect';
  for (const [word] of text.matchAll(verdicts)) last = word.toLowerCase();
  return last === 'correct' ? 'CORRECT' : 'INCORRECT';
}
