import { canonicalNumber } from './canonical-number.ts';
import { stripOuter } from './strip-outer.ts';

const texText = /^\\(?:text|textbf|mathrm|mathbf)\{([^{}]*)\}$/;
const inParentheses = /^\(?([^()]*)\)$/;

/**
 * The form in which answers are compared: NFKC, lower case, without outer white space, quotes, `$`, `*` and final
 * punctuation, white space squeezed, `(b)` and `b)` as `b`, numbers in one spelling of their value
 * ({@link canonicalNumber}); percent signs and units are text. Normalising twice is normalising once.
 */
export function normaliseAnswer(text: string): string {
  const stripped = stripOuter(lowerCompatible(text).replace(/\s+/g, ' '));
  const unwrapped = stripOuter(texText.exec(stripped)?.[1] ?? stripped);
  const inner = stripOuter(inParentheses.exec(unwrapped)?.[1] ?? unwrapped);
  const number = canonicalNumber(inner);
  if (number !== undefined) return number;
  return /^[a-z]$/.test(inner) ? inner : unwrapped;
}

/** Whether two answers mean the same, by their normalised form. */
export function sameAnswer(a: string, b: string): boolean {
  return normaliseAnswer(a) === normaliseAnswer(b);
}

/** NFKC and lower case; for a few characters one undoes the other, so both are applied until nothing changes. */
function lowerCompatible(text: string): string {
  let current = text;
  for (;;) {
    const next = current.normalize('NFKC').toLowerCase();
    if (next === current) return next;
    current = next;
  }
}
