import { lastJsonField } from './reading/read-json.ts';
import { stripOuter } from './reading/strip-outer.ts';

/**
 * Which of several names a reply gives: its whole text, the value of one of these fields in JSON, or the only one of the
 * names that occurs in it; any case.
 * @returns as it is written among the names; undefined: none, or several
 */
export function readName(text: string, names: readonly string[], fields: readonly string[]): string | undefined {
  const known = new Map(names.map((name) => [name.toLowerCase(), name]));
  const whole = known.get(stripOuter(text).toLowerCase());
  if (whole !== undefined) return whole;
  const field = lastJsonField(text, fields);
  if (typeof field === 'string') return known.get(field.trim().toLowerCase());
  const named = [...known].filter(([name]) => occurs(name, text.toLowerCase()));
  return named.length === 1 ? named[0]?.[1] : undefined;
}

/** As a word, and not within a longer name. */
function occurs(name: string, text: string): boolean {
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    const isWord = !isPart(text.charAt(at - 1)) && !isPart(text.charAt(at + name.length));
    if (isWord) return true;
  }
  return false;
}

function isPart(character: string): boolean {
  return character !== '' && /[\p{L}\p{N}_&|]/u.test(character);
}
