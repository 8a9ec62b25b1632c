import { TagScanner, type TagToken } from './tag-scanner.ts';
import { thinkingNames } from './tags.ts';
import { ThinkingState } from './thinking-state.ts';

/**
 * `readOutput` for a text that comes in pieces: gives out the inside of the first `<output>` after the thinking as soon
 * as it is certain. What `push` and `end` give, joined, is `readOutput` of the pieces joined.
 */
export class OutputTagReader {
  readonly #scanner = new TagScanner([...thinkingNames, 'output']);
  readonly #thinking = new ThinkingState();
  /** All pieces so far, for the case that no tag comes. */
  #whole: string[] = [];
  /** 0 before the tag and after its end. */
  #depth = 0;
  #hasBegun = false;
  #hasText = false;
  /** White space that is given out if text follows it. */
  #space: string[] = [];

  /** Whether the tag has come, so that `end` does not give the whole text. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Whether the closing tag has come, so that nothing more is given out. */
  get isFinished(): boolean {
    return this.#hasBegun && this.#depth === 0;
  }

  /** Takes the next piece and gives the text that is certain now, often none. */
  push(piece: string): string {
    if (this.isFinished) return '';
    if (!this.#hasBegun) this.#whole.push(piece);
    return this.#read(this.#scanner.push(piece));
  }

  /** The rest, when the text has ended; for a text without the tag this is all of it. */
  end(): string {
    const rest = this.#read(this.#scanner.end());
    return this.#hasBegun ? rest : this.#whole.join('');
  }

  #read(tokens: readonly TagToken[]): string {
    return tokens.map((token) => (this.#depth === 0 ? this.#before(token) : this.#inside(token))).join('');
  }

  #before(token: TagToken): string {
    if (this.#hasBegun || !('tag' in token)) return '';
    const { tag } = token;
    if (tag.name !== 'output') {
      this.#thinking.take(tag);
    } else if (!tag.isClosing && !tag.isEmpty && !this.#thinking.isThinking) {
      this.#hasBegun = true;
      this.#depth = 1;
      this.#whole = [];
    }
    return '';
  }

  #inside(token: TagToken): string {
    if ('tag' in token && token.tag.name === 'output' && !token.tag.isEmpty) {
      this.#depth += token.tag.isClosing ? -1 : 1;
      if (this.#depth === 0) return '';
    }
    return this.#trimmed(token.text);
  }

  #trimmed(text: string): string {
    const solid = text.trimEnd();
    if (solid === '') {
      if (this.#hasText) this.#space.push(text);
      return '';
    }
    const given = this.#hasText ? this.#space.join('') + solid : solid.trimStart();
    this.#hasText = true;
    this.#space = [text.slice(solid.length)];
    return given;
  }
}
