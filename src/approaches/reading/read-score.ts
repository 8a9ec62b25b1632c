import { readLone } from './lone-text.ts';
import { type Quantity, quantityAt } from './quantity.ts';
import { lastJsonField } from './read-json.ts';

/** The range that a rating was asked in, both ends included. */
export interface ScoreRange {
  readonly least: number;
  readonly most: number;
}

/** What `read...` give for a score that is there but not in the range: then no other form is tried. */
const outOfRange = Number.NaN;

const words = /(?<![\p{L}\p{N}])(?:scores?|scored|ratings?)(?!\p{L})/giu;
/** What may say the scale before the score itself: `(0-10):`, `out of 10:`, `on a scale of 0 to 10:`, `0-10:`. */
const bracketedScale = /[\s*_]{0,4}\([^()\n]{0,60}\)[\s*_"'`]{0,4}[:=]/iuy;
const scale = /[\s*_]{0,4}(?:from|out|on|for|between|of|\d)[^\n:=.]{0,50}[:=]/iuy;
const gap =
  /(?:[^\p{L}\p{N}]|(?<![\p{L}\p{N}])(?:is|of|was|be|would|will|to|a|the|at|as|given|final|overall)(?![\p{L}\p{N}])){0,200}/iuy;
const numberOutOf = /(?<![\p{L}\p{N}.,/−-])\d{1,9}(?:\.\d{1,9})?[*_`]{0,3}\s{0,3}(?:\/|out\s{1,3}of)\s{0,3}\d/giu;

/**
 * The score of a judge's reply, by the first of these that is there: JSON `{"score": 7}` (or `rating`), a lone number,
 * the number after the last "score" or "rating" that has one, `7/10` (the last one out of `most`).
 * `7/10`, `7 out of 10` and `70%` count in proportion where `least` is 0, else only where they are out of `most`.
 * Undefined where there is none or it is out of range.
 * @param text a reply without its thinking
 */
export function readScore(text: string, range: ScoreRange): number | undefined {
  const lone = (part: string) => loneScore(part, range);
  const score = jsonScore(text, range) ?? readLone(text, lone) ?? scoreAfterWord(text, range) ?? lastOutOf(text, range);
  return score === undefined || Number.isNaN(score) ? undefined : score;
}

function scoreOf({ value, outOf }: Quantity, { least, most }: ScoreRange): number {
  const isProportion = outOf !== undefined && outOf !== most;
  if (isProportion && (least !== 0 || outOf <= 0)) return outOfRange;
  const score = isProportion ? (value / outOf) * most : value;
  return score >= least && score <= most ? score : outOfRange;
}

function loneScore(text: string, range: ScoreRange): number | undefined {
  const quantity = quantityAt(text, 0);
  return quantity?.end === text.length ? scoreOf(quantity, range) : undefined;
}

function jsonScore(text: string, range: ScoreRange): number | undefined {
  const value = lastJsonField(text, ['score', 'rating']);
  if (typeof value === 'number') return scoreOf({ value, outOf: undefined }, range);
  return typeof value === 'string' ? readLone(value, (part) => loneScore(part, range)) : undefined;
}

function scoreAfterWord(text: string, range: ScoreRange): number | undefined {
  const ends = [...text.matchAll(words)].map((match) => match.index + match[0].length);
  for (const end of ends.reverse()) {
    const quantity =
      quantityAfter(text, skip(bracketedScale, text, end)) ??
      quantityAfter(text, end) ??
      quantityAfter(text, skip(scale, text, end));
    if (quantity) return scoreOf(quantity, range);
  }
  return undefined;
}

function skip(pattern: RegExp, text: string, from: number): number | undefined {
  pattern.lastIndex = from;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

/** The quantity after any punctuation and words such as "is". */
function quantityAfter(text: string, from: number | undefined): Quantity | undefined {
  if (from === undefined) return undefined;
  let start = skip(gap, text, from) ?? from;
  const before = (index: number) => (index >= from ? text.charAt(index) : '');
  if (before(start - 1) === '.' && /^[\s:=("'*-]$/.test(before(start - 2))) start--;
  if (/[-−]/.test(before(start - 1)) && /^[\s:=("'*]$/.test(before(start - 2))) start--;
  return quantityAt(text, start);
}

/** `8/10` amid prose, only where it is out of `most` itself, so that no other fraction is taken for a score. */
function lastOutOf(text: string, range: ScoreRange): number | undefined {
  let last: number | undefined;
  for (const match of text.matchAll(numberOutOf)) {
    const quantity = quantityAt(text, match.index);
    if (quantity?.outOf === range.most) last = scoreOf(quantity, range);
  }
  return last;
}
