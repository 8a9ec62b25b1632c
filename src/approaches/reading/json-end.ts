/** How many characters may still be looked at; shared by all attempts on one text. */
export interface Work {
  left: number;
}

/** Deeper values are not read. */
const deepest = 500;
const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;
const escapes = /["\\/bfnrt]|u[0-9a-fA-F]{4}/y;

/**
 * Where the JSON object or array that begins at `start` ends (the index after its last bracket).
 * Undefined where it is not valid JSON or the work is used up.
 */
export function jsonEnd(text: string, start: number, work: Work): number | undefined {
  const closers: string[] = [];
  let index = start;
  while (work.left > 0 && closers.length <= deepest) {
    const opened = opening(text, index);
    if (opened) closers.push(opened);
    const valueEnd = opened ? index + 1 : scalarEnd(text, index, work);
    if (valueEnd === undefined) return undefined;
    const end = afterClosers(text, valueEnd, closers, work);
    if (closers.length === 0) return end;
    const isFirst = opened !== undefined && end === afterSpace(text, valueEnd, work);
    const next = nextValue(text, end, isFirst, closers.at(-1) === '}', work);
    if (next === undefined) return undefined;
    index = next;
  }
  return undefined;
}

/** Past white space and all brackets that close what is open; right after the last bracket where nothing is open. */
function afterClosers(text: string, from: number, closers: string[], work: Work): number {
  let index = afterSpace(text, from, work);
  while (text[index] === closers.at(-1)) {
    closers.pop();
    if (closers.length === 0) return index + 1;
    index = afterSpace(text, index + 1, work);
  }
  return index;
}

function opening(text: string, index: number): '}' | ']' | undefined {
  if (text[index] === '{') return '}';
  return text[index] === '[' ? ']' : undefined;
}

/** Past the comma before a value (none before the first) and, within an object, past its key and the colon. */
function nextValue(text: string, index: number, isFirst: boolean, isObject: boolean, work: Work): number | undefined {
  if (!isFirst && text[index] !== ',') return undefined;
  const start = isFirst ? index : afterSpace(text, index + 1, work);
  if (!isObject) return start;
  const keyEnd = stringEnd(text, start, work);
  if (keyEnd === undefined) return undefined;
  const colon = afterSpace(text, keyEnd, work);
  return text[colon] === ':' ? afterSpace(text, colon + 1, work) : undefined;
}

function afterSpace(text: string, from: number, work: Work): number {
  let index = from;
  while (index < text.length && ' \n\r\t'.includes(text.charAt(index))) index++;
  work.left -= index - from + 1;
  return index;
}

function scalarEnd(text: string, start: number, work: Work): number | undefined {
  if (text[start] === '"') return stringEnd(text, start, work);
  const literal = ['true', 'false', 'null'].find((word) => text.startsWith(word, start));
  if (literal) return start + literal.length;
  number.lastIndex = start;
  if (!number.test(text)) return undefined;
  work.left -= number.lastIndex - start;
  return number.lastIndex;
}

function stringEnd(text: string, start: number, work: Work): number | undefined {
  if (text[start] !== '"') return undefined;
  for (let index = start + 1; index < text.length; index++) {
    if (--work.left < 0) return undefined;
    const character = text.charAt(index);
    if (character === '"') return index + 1;
    if (character < ' ') return undefined;
    if (character !== '\\') continue;
    escapes.lastIndex = index + 1;
    if (!escapes.test(text)) return undefined;
    index = escapes.lastIndex - 1;
  }
  return undefined;
}
