import safeRegex from 'safe-regex2';

/** The longest name in characters that a pattern is held against; longer ones match none. */
export const longestName = 256;

/** The most ways to match a name, as a power of two; it takes about as many steps to see that none fits. */
const mostBits = 28;

/** Of a text that is searched, so many characters at most are looked at in one go. */
export const searchedLength = 1024;

/** The most steps of a search, as a power of two: there may be several of them in one request. */
const mostSearchBits = 24;

/** The same as a regular expression that matches whole names only, or what is wrong with it. */
export function compilePattern(source: string): RegExp | string {
  const fault = faultOf(source) ?? slowFault(source, longestName, mostBits);
  return fault ?? new RegExp(`^(?=[\\s\\S]{0,${longestName}}$)(?:${source})$`, 'u');
}

/** The same as a regular expression that is found anywhere in a text, in any case, or what is wrong with it. */
export function compileSearch(source: string): RegExp | string {
  const fault = faultOf(source) ?? slowFault(source, searchedLength, mostSearchBits - Math.log2(searchedLength));
  return fault ?? new RegExp(source, 'iu');
}

function faultOf(source: string): string | undefined {
  try {
    new RegExp(source, 'u'); // by itself first, so that `a)|(b` is not made whole by what is put around it
  } catch (error) {
    const why = String((error as Error).message)
      .split(': ')
      .at(-1)
      ?.toLowerCase();
    return `is not a regular expression: ${why}; a sign that means itself needs a backslash, such as \\.`;
  }
  return undefined;
}

/** @param longest the most characters that it is held against */
function slowFault(source: string, longest: number, bits: number): string | undefined {
  const slow = slowPart(source, longest, bits);
  return slow === undefined ? undefined : `may take exponential time, since ${slow}; write it simpler`;
}

/** What could make matching slow; undefined: nothing. */
function slowPart(source: string, longest: number, most: number): string | undefined {
  const { withoutOptions, hasNestedChoice, bits } = scan(source, longest);
  if (!safeRegex(withoutOptions)) return 'a part that is repeated has a repeated part in it';
  if (hasNestedChoice) return 'a part that is repeated has alternatives (|) or optional parts (?) in it';
  if (bits > most) return 'it has too many parts that can match in several ways (such as .* or ?)';
  return undefined;
}

const signs = /\\.|\[(?:\\.|[^\]\\])*\]|\(|\)|\||[*+?]|\{\d+(,(\d*))?\}|[\s\S]/gu;

/** What is known of a group while it is open. */
interface Group {
  /** Whether something in it can match in several ways. */
  hasChoice: boolean;
  alternatives: number;
}

/**
 * Looks for what the library does not: choices in a repeated group, and in how many ways all of it can match. And for
 * what it takes for a repetition though it is none: `?`, which is left out of `withoutOptions`.
 */
function scan(source: string, longest: number): { withoutOptions: string; hasNestedChoice: boolean; bits: number } {
  const groups: Group[] = [{ hasChoice: false, alternatives: 1 }];
  let closed: Group | undefined; // the group that ended just before
  let before = '';
  let withoutOptions = '';
  let bits = 0;
  let hasNestedChoice = false;
  for (const [sign, comma, most] of source.matchAll(signs)) {
    const group = groups[groups.length - 1];
    const isOption = sign === '?' && before !== '(' && !isRepetition(before);
    if (closed?.hasChoice && isRepetition(sign)) hasNestedChoice = true;
    if (group && (closed?.hasChoice || isOption || sign === '|')) group.hasChoice = true; // also of those around it
    if (group && sign === '|') group.alternatives++;
    if (isRepetition(sign)) bits += turnsBits(comma, most, sign, longest);
    if (isOption) bits++;
    closed = sign === ')' ? groups.pop() : undefined;
    if (closed) bits += Math.log2(closed.alternatives);
    if (sign === '(') groups.push({ hasChoice: false, alternatives: 1 });
    if (sign !== '?' || before === '(') withoutOptions += sign;
    before = sign;
  }
  return { withoutOptions, hasNestedChoice, bits };
}

function isRepetition(sign: string): boolean {
  return sign === '*' || sign === '+' || (sign.length > 1 && sign.startsWith('{'));
}

/** How many numbers of turns a repetition leaves open, as a power of two. */
function turnsBits(comma: string | undefined, most: string | undefined, sign: string, longest: number): number {
  if (comma === undefined && sign.length > 1) return 0; // such as {3}
  const turns = most === undefined || most === '' ? longest : Math.min(Number(most), longest);
  return Math.log2(turns + 1);
}
