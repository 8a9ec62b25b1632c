import { stripOuter } from './strip-outer.ts';

const brackets = new Map([
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
]);

/**
 * The places where a reply can say one thing and nothing else: its whole text, then its last and its first line that
 * are not empty, each without what stands around it (quotes, emphasis, brackets, a heading's `#`, final punctuation).
 */
function loneTexts(text: string): { whole: string; lastLine: string; firstLine: string } {
  const trimmed = text.trim();
  const firstEnd = trimmed.indexOf('\n');
  const lastLine = trimmed.slice(trimmed.lastIndexOf('\n') + 1);
  const firstLine = firstEnd === -1 ? trimmed : trimmed.slice(0, firstEnd);
  return { whole: bare(trimmed), lastLine: bare(lastLine), firstLine: bare(firstLine) };
}

function bare(text: string): string {
  let current = text;
  for (;;) {
    const stripped = stripOuter(current);
    const isBracketed = stripped.length >= 2 && brackets.get(stripped.charAt(0)) === stripped.at(-1);
    // Nothing longer is read from here, so hostile nesting is not followed.
    if (stripped.length > 100) return stripped;
    const heading = /^#{1,6}\s/.exec(stripped)?.[0].length ?? 0;
    if (isBracketed) current = stripped.slice(1, -1);
    else if (stripped.startsWith('\\boxed{') && stripped.endsWith('}')) current = stripped.slice(7, -1);
    else if (heading > 0) current = stripped.slice(heading);
    else return stripped;
  }
}

/**
 * The number that `read` makes of the only thing that a reply says: of its whole text, else of its last and first line.
 * Undefined where these two contradict each other.
 */
export function readLone(text: string, read: (lone: string) => number | undefined): number | undefined {
  const { whole, lastLine, firstLine } = loneTexts(text);
  const value = read(whole);
  if (value !== undefined) return value;
  const [last, first] = [read(lastLine), read(firstLine)];
  return last !== undefined && first !== undefined && !Object.is(last, first) ? undefined : (last ?? first);
}
