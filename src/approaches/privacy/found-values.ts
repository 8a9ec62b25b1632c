import type { FoundData } from './analyze.ts';
import type { DataKind, Recognizer, Span } from './recognizer.ts';

/**
 * Recognizers of values that were found: each is hidden wherever it stands, longer ones first. One that was found inside
 * of a word is hidden inside of words.
 */
export function recognizersOf(found: readonly FoundData[]): Recognizer[] {
  const byKind = new Map<DataKind, Map<string, boolean>>();
  for (const { value, kind, isWords } of found) {
    const values = byKind.get(kind) ?? new Map<string, boolean>();
    byKind.set(kind, values.set(value, isWords && values.get(value) !== false));
  }
  return [...byKind].map(([kind, values]) => {
    const pattern = new RegExp([...values].toSorted(longestFirst).map(patternOf).join('|'), 'gu');
    return { kind, find: (text) => spansOf(text, pattern) };
  });
}

function* spansOf(text: string, pattern: RegExp): Generator<Span> {
  for (const { index, 0: value } of text.matchAll(pattern)) yield [index, index + value.length];
}

function longestFirst([one]: readonly [string, boolean], [other]: readonly [string, boolean]): number {
  return other.length - one.length;
}

function patternOf([value, isWords]: readonly [string, boolean]): string {
  const literal = value.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  return isWords ? `(?<![\\p{L}\\p{N}])${literal}(?![\\p{L}\\p{N}])` : literal;
}
