import { jsonEnd, type Work } from './json-end.ts';
import { readCode } from './read-code.ts';

/**
 * The first JSON value of a text: the first object or array, fenced or amid prose; without any, the scalar that the
 * whole text or its first fenced block is. Undefined where there is none; `null` is the value null.
 */
export function readJson(text: string): unknown {
  for (const value of jsonValues(text)) return value;
  return scalarOf(text) ?? scalarOf(readCode(text));
}

/**
 * The JSON objects and arrays of a text, in order, outermost ones only. The work is bounded by a multiple of the
 * length, so after very much that only looks like JSON the rest may not be read.
 */
export function* jsonValues(text: string): Generator<unknown> {
  const work: Work = { left: 4 * text.length + 1000 };
  const brackets = /[[{]/g;
  for (let found = brackets.exec(text); found && work.left > 0; found = brackets.exec(text)) {
    work.left--;
    const end = jsonEnd(text, found.index, work);
    if (end === undefined) continue;
    yield JSON.parse(text.slice(found.index, end));
    brackets.lastIndex = end;
  }
}

/** Of the objects of a text the last one that has one of these keys (any case): the value of that key. */
export function lastJsonField(text: string, names: readonly string[]): unknown {
  let last: unknown;
  for (const value of jsonValues(text)) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) continue;
    const entry = Object.entries(value).find(([key]) => names.includes(key.toLowerCase()));
    if (entry) last = entry[1];
  }
  return last;
}

function scalarOf(text: string): unknown {
  const trimmed = text.trim();
  // An object or array would have been found; what is left of them is broken or too deep.
  if (/^[[{]/.test(trimmed)) return undefined;
  try {
    return JSON.parse(trimmed);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
