import { canonicalNumber } from './canonical-number.ts';
import { normaliseAnswer } from './normalise-answer.ts';
import { stripOuter } from './strip-outer.ts';

/**
 * The answer that a reply ends in, by the first of these that is there: the last `\boxed{}`; what follows the last
 * "final answer", "answer is", "answer:" or `####`, to the end of its line or sentence; a last line that is only a
 * number or a choice letter. Without outer white space, quotes, emphasis and final punctuation, else as written.
 * @param text a reply without its thinking
 */
export function extractAnswer(text: string): string | undefined {
  return lastBoxed(text) ?? afterLastMarker(text) ?? lastLine(text);
}

/** One pass over all braces, so that many unclosed boxes cost no more than one. Of nested boxes the inner one counts. */
function lastBoxed(text: string): string | undefined {
  const open: { from: number; isBox: boolean }[] = [];
  let last = { from: -1, to: -1 };
  for (const match of text.matchAll(/\\{1,2}boxed\s{0,4}\{|\\.|[{}]/gs)) {
    if (match[0].endsWith('{') && match[0] !== '\\{') {
      open.push({ from: match.index + match[0].length, isBox: match[0] !== '{' });
    } else if (match[0] === '}') {
      const opened = open.pop();
      if (!opened?.isBox || opened.from <= last.from) continue;
      if (text.slice(opened.from, match.index).trim() !== '') last = { from: opened.from, to: match.index };
    }
  }
  return last.from === -1 ? undefined : text.slice(last.from, last.to).trim();
}

const markers =
  /(?<![\p{L}\p{N}])(?:final[\s*_]{1,8}answer(?![\p{L}\p{N}])|answer[*_]{0,3}\s[\s*_]{0,8}is(?![\p{L}\p{N}'’])|answer[*_"'`)\]]{0,6}\s{0,3}:)|(?<!#)####(?!#)/giu;
const linkingWords = /(?:is|was|(?:would|will|must|should)\s{1,4}be)(?![\p{L}\p{N}'’])/iuy;
const leading = ':=*"\'`“”‘’$';
const closing = /[*_]{1,4}(?=[\s:]|$)/y;
/** A line break, or a full stop before white space or the end; emphasis or quotes may close in between. */
const endOfAnswer = /\n|\.(?=[*_"'`“”’)\]}$]{0,4}(?:\s|$))/g;

function afterLastMarker(text: string): string | undefined {
  const ends = [...text.matchAll(markers)].map((match) => match.index + match[0].length);
  for (const end of ends.reverse()) {
    const from = skipLinking(text, end);
    endOfAnswer.lastIndex = from;
    const piece = text.slice(from, endOfAnswer.exec(text)?.index ?? text.length);
    if (normaliseAnswer(piece) !== '') return stripOuter(piece);
  }
  return undefined;
}

function skipLinking(text: string, from: number): number {
  const start = skipLeading(text, from);
  linkingWords.lastIndex = start;
  const linking = linkingWords.exec(text);
  return linking === null ? start : skipLeading(text, start + linking[0].length);
}

/** Past white space (also to the next line, as after a heading), colons, emphasis, and dashes that are no sign. */
function skipLeading(text: string, from: number): number {
  // Of `_`, only one that closes emphasis; one before a character may open that of the answer itself.
  closing.lastIndex = from;
  let index = closing.test(text) ? closing.lastIndex : from;
  for (; index < text.length; index++) {
    const character = text.charAt(index);
    if (character.trim() === '' || leading.includes(character)) continue;
    if (!'-–—'.includes(character) || text.charAt(index + 1).trim() !== '') break;
  }
  return index;
}

function lastLine(text: string): string | undefined {
  const trimmed = text.trimEnd();
  const line = trimmed.slice(trimmed.lastIndexOf('\n') + 1);
  const normalised = normaliseAnswer(line);
  const isAnswer = canonicalNumber(normalised) !== undefined || /^[a-z]$/.test(normalised);
  return isAnswer ? stripOuter(line) : undefined;
}
