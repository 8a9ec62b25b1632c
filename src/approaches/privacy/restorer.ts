import { longestPlaceholder, type Notation } from './placeholder-form.ts';

/**
 * Puts values back in a text that comes in pieces, wherever they end. What could be the beginning of a placeholder is
 * held back until it is decided; that is never more than a placeholder's length.
 */
export class Restorer {
  readonly #notation: Notation;
  readonly #lookUp: (name: string) => string | undefined;
  #held = '';

  /** @param lookUp gives the value of a name such as `EMAIL_1`; undefined where it stands for nothing */
  constructor(notation: Notation, lookUp: (name: string) => string | undefined) {
    this.#notation = notation;
    this.#lookUp = lookUp;
  }

  /** Gives what can be said by now, maybe nothing. */
  push(piece: string): string {
    const { opening } = this.#notation;
    const text = this.#held + piece;
    this.#held = '';
    const out: string[] = [];
    let done = 0;
    for (;;) {
      opening.lastIndex = done;
      const start = opening.exec(text)?.index;
      if (start === undefined) break;
      out.push(text.slice(done, start));
      if (this.#isBeginning(text, start)) {
        this.#held = text.slice(start);
        return out.join('');
      }
      done = this.#step(text, start, out);
    }
    out.push(text.slice(done));
    return out.join('');
  }

  /** The end of the text: gives what was held back. */
  end(): string {
    const rest = this.#held;
    this.#held = '';
    return rest;
  }

  #isBeginning(text: string, start: number): boolean {
    return text.length - start < longestPlaceholder && this.#notation.beginning.test(text.slice(start));
  }

  /** Writes a placeholder's value, or what stands there instead. Gives the index after it. */
  #step(text: string, start: number, out: string[]): number {
    const { whole, write } = this.#notation;
    whole.lastIndex = start;
    const match = whole.exec(text);
    const value = match?.[1] === undefined ? undefined : this.#lookUp(match[1]);
    if (match && value !== undefined) {
      out.push(write(value));
      return start + match[0].length;
    }
    // In JSON a backslash goes with the character after it, which then opens nothing.
    const end = start + (text.charAt(start) === '\\' ? 2 : 1);
    out.push(text.slice(start, end));
    return end;
  }
}
