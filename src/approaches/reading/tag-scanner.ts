import { type Tag, tagBeginningPattern, tagOf, tagPattern } from './tags.ts';

/** A stretch of text without a tag of the wanted names, or such a tag. */
export type TagToken = { readonly text: string } | { readonly text: string; readonly tag: Tag };

/**
 * Cuts a text that comes in pieces into tags and the text between them. A tag may be split at any character; text is
 * held back only while it can still become a tag. The tokens of one text, joined, are the text.
 */
export class TagScanner {
  readonly #tags: RegExp;
  readonly #beginning: RegExp;
  #held = '';
  #offset = 0;

  constructor(names: readonly string[]) {
    this.#tags = tagPattern(names);
    this.#beginning = tagBeginningPattern(names);
  }

  push(piece: string): TagToken[] {
    const text = this.#held + piece;
    const tokens: TagToken[] = [];
    let from = 0;
    for (const match of text.matchAll(this.#tags)) {
      if (match.index > from) tokens.push({ text: text.slice(from, match.index) });
      tokens.push({ text: match[0], tag: tagOf(match, this.#offset) });
      from = match.index + match[0].length;
    }
    const last = text.lastIndexOf('<');
    const heldFrom = last >= from && this.#beginning.test(text.slice(last)) ? last : text.length;
    if (heldFrom > from) tokens.push({ text: text.slice(from, heldFrom) });
    this.#held = text.slice(heldFrom);
    this.#offset += heldFrom;
    return tokens;
  }

  /** What was held back, now that nothing more comes. */
  end(): TagToken[] {
    const text = this.#held;
    this.#held = '';
    return text === '' ? [] : [{ text }];
  }
}
