import { extractAnswer } from '../src/approaches/reading/extract-answer.ts';
import { sameAnswer } from '../src/approaches/reading/normalise-answer.ts';
import { withoutThinking } from '../src/approaches/reading/without-thinking.ts';

/**
 * Whether a reply ends in the right answer, by the rules by which approaches read answers; a reply or an answer in which
 * none stands out counts as a whole.
 */
export function isRightAnswer(reply: string, answer: string): boolean {
  const text = withoutThinking(reply).trim();
  return sameAnswer(extractAnswer(text) ?? text, extractAnswer(answer) ?? answer);
}
