/** A tag such as `<think>`, `</output >` or `<reasoning effort="high">` in the text of a model. */
export interface Tag {
  /** In lower case. */
  readonly name: string;
  readonly isClosing: boolean;
  /** `<name/>`: opens and closes at once. */
  readonly isEmpty: boolean;
  /** Index of the `<`. */
  readonly start: number;
  /** Index after the `>`. */
  readonly end: number;
}

/** The tags around what a model thinks before it answers. */
export const thinkingNames: readonly string[] = ['think', 'thinking', 'reasoning'];

/** Attributes are at most this long (in UTF-16 units), so that a `<think` in prose does not wait for a far `>`. */
const attributes = String.raw`(?:\s[^<>]{0,256})?`;

/** A pattern of all tags with these names, any case; group 1 is the slash of a closing one, group 2 the name. */
export function tagPattern(names: readonly string[]): RegExp {
  return new RegExp(`<(/?)(${names.join('|')})${attributes}/?>`, 'gi');
}

/** A pattern of a whole text that can become a tag with one of these names by more characters. */
export function tagBeginningPattern(names: readonly string[]): RegExp {
  const partial = [...new Set(names.flatMap((name) => [...name].map((_, length) => name.slice(0, length))))];
  return new RegExp(`^<(?:/?(?:${partial.join('|')})|/?(?:${names.join('|')})${attributes}/?)$`, 'i');
}

/** The tag that a match of {@link tagPattern} is. */
export function tagOf(match: RegExpMatchArray, offset = 0): Tag {
  const [whole, slash = '', name = ''] = match;
  const start = offset + (match.index ?? 0);
  const isClosing = slash === '/';
  const isEmpty = !isClosing && whole.endsWith('/>');
  return { name: name.toLowerCase(), isClosing, isEmpty, start, end: start + whole.length };
}
