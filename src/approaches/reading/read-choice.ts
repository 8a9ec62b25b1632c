import { readLone } from './lone-text.ts';
import { lastJsonField } from './read-json.ts';

const labels = 'candidate|answer|response|reply|option|solution|choice|number|no\\.?';
const loneChoice = new RegExp(`^(?:(?:${labels})\\s{0,3})?#?(\\d{1,9})$`, 'i');
const best = /(?<![\p{L}\p{N}])best(?![\p{L}\p{N}])/giu;
/** A whole number, another number, a word, the end of a sentence, a line break or a colon; all else is punctuation without meaning here. */
const tokens =
  /(?<number>\d+)(?:st|nd|rd|th)?(?![\p{L}\p{N}]|[.,/]\d)|\d[\d.,/]*|[\p{L}\p{N}]+|(?<end>[.!?](?=\s|$))|[\n:]/giu;
/** Words after which a number is no longer what is said to be the best. */
const breaks = new Set('because since than but while whereas not unlike though although best'.split(' '));
/** Words after which numbers only say among what was chosen, until `is`, `was` or a colon. */
const among = new Set('of among amongst from between'.split(' '));
const stating = new Set(['is', 'was', 'be', ':']);

/**
 * The candidate that a judge's reply chose, from 1 to `count`, by the first of these that is there: JSON `{"best": 3}`,
 * a lone number (also `#3`, `Candidate 3`), the number after the last "best" that has one in its sentence.
 * Undefined where there is none or it is out of range.
 * @param text a reply without its thinking
 */
export function readChoice(text: string, count: number): number | undefined {
  const choice = jsonChoice(text) ?? readLone(text, choiceOf) ?? choiceAfterWord(text);
  return choice !== undefined && Number.isInteger(choice) && choice >= 1 && choice <= count ? choice : undefined;
}

function choiceOf(lone: string): number | undefined {
  const digits = loneChoice.exec(lone)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function jsonChoice(text: string): number | undefined {
  const value = lastJsonField(text, ['best']);
  if (typeof value === 'number') return value;
  return typeof value === 'string' ? readLone(value, choiceOf) : undefined;
}

function choiceAfterWord(text: string): number | undefined {
  const ends = [...text.matchAll(best)].map((match) => match.index + match[0].length);
  for (const end of ends.reverse()) {
    const choice = numberInSentence(text, end);
    if (choice !== undefined) return choice;
  }
  return undefined;
}

function numberInSentence(text: string, from: number): number | undefined {
  let isAmong = false;
  let hasWords = false;
  let isOver = false;
  tokens.lastIndex = from;
  for (let token = tokens.exec(text); token; token = tokens.exec(text)) {
    const word = token[0].toLowerCase();
    const { number, end } = token.groups ?? {};
    if (number !== undefined && !isAmong) return Number(number);
    if (end !== undefined && hasWords) return undefined;
    if (end !== undefined || (word === '\n' && hasWords)) isOver = true;
    else if (stating.has(word)) isAmong = false;
    else if (among.has(word)) isAmong = true;
    if (breaks.has(word) || (isOver && /\p{L}/u.test(word))) return undefined;
    hasWords ||= /\p{L}/u.test(word);
  }
  return undefined;
}
