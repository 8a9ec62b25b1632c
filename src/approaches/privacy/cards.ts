import type { Recognizer, Span } from './recognizer.ts';

const run = /(?<![\w]|\d[.,])\d+(?:[ -]\d+)*(?!\w)/g;

/** How the digits of a card are grouped; a run of 13 to 19 without a gap is one as well. */
const groupings = new Set(['4-4-4-4', '4-4-4-4-3', '4-4-4-4-2', '4-4-4-4-1', '4-6-5', '4-6-4', '4-4-4-3', '4-4-4-1']);

/** The issuers' first digits: 3 to 6, and 2 for the newer numbers of Mastercard and for Mir. */
const issuer = /^(?:[3-6]|2[2-7])/;

/** Numbers of payment cards: length, grouping, first digits and Luhn's check digit must be right. */
export const cards: Recognizer = {
  kind: 'CARD',
  *find(text) {
    for (const match of text.matchAll(run)) {
      const groups: Span[] = [...match[0].matchAll(/\d+/g)].map((group) => [
        match.index + group.index,
        match.index + group.index + group[0].length,
      ]);
      yield* findInGroups(text, groups);
    }
  },
};

function* findInGroups(text: string, groups: readonly Span[]): Generator<Span> {
  for (let first = 0; first < groups.length; first += 1) {
    // The longest first, or a number of 19 digits would be taken for one of 16 with something behind it.
    for (let count = Math.min(5, groups.length - first); count > 0; count -= 1) {
      const taken = groups.slice(first, first + count);
      if (!isCard(text, taken)) continue;
      yield [(taken[0] as Span)[0], (taken.at(-1) as Span)[1]];
      first += count - 1;
      break;
    }
  }
}

function isCard(text: string, groups: readonly Span[]): boolean {
  const shape = groups.map(([start, end]) => end - start);
  const length = shape.reduce((sum, size) => sum + size, 0);
  if (length < 13 || length > 19 || (groups.length > 1 && !groupings.has(shape.join('-')))) return false;
  const digits = groups.map(([start, end]) => text.slice(start, end)).join('');
  return issuer.test(digits) && hasLuhnDigit(digits);
}

function hasLuhnDigit(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = Number(digits.charAt(digits.length - 1 - index));
    const weighted = index % 2 === 0 ? digit : digit * 2;
    sum += weighted > 9 ? weighted - 9 : weighted;
  }
  return sum % 10 === 0;
}
