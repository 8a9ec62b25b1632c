import type { RepetitionConfig } from '../../config/brake-settings.ts';

/** Characters after which a text is looked at again, and by whose whole repetition a circle is found. */
const windowLength = 1024;

/**
 * Finds a text that ends in one piece, repeated without a gap. It looks at every character a bounded number of times,
 * and keeps no more than about 2,000 of them. What it says is proven: each character was compared.
 */
export class RepetitionWatch {
  readonly #rule: RepetitionConfig;
  /** The end of the text so far. */
  #tail = '';
  /** Of the tail, the characters that were not looked at yet. */
  #fresh = 0;
  /** The length of what is repeated; 0: nothing is. */
  #unit = 0;
  /** How many characters the repetition has. */
  #length = 0;

  constructor(rule: RepetitionConfig) {
    this.#rule = rule;
  }

  /** More of the text. @returns whether it is a repetition that is long enough */
  push(text: string): boolean {
    for (let at = 0; at < text.length; ) {
      const piece = text.slice(at, at + windowLength - this.#fresh);
      this.#tail += piece;
      this.#fresh += piece.length;
      at += piece.length;
      if (this.#fresh === windowLength && this.#look()) return true;
    }
    return false;
  }

  #look(): boolean {
    if (!this.#goesOn()) {
      const window = this.#tail.slice(-windowLength);
      const unit = smallestPeriod(window);
      this.#unit = unit <= this.#rule.unit ? unit : 0;
      this.#length = this.#unit === 0 ? 0 : window.length;
    }
    this.#tail = this.#tail.slice(-windowLength);
    this.#fresh = 0;
    const { repeats, characters } = this.#rule;
    return this.#unit > 0 && this.#length >= Math.max(characters, repeats * this.#unit);
  }

  /** Whether all that is new repeats what was repeated before. */
  #goesOn(): boolean {
    if (this.#unit === 0) return false;
    for (let at = this.#tail.length - this.#fresh; at < this.#tail.length; at++) {
      if (this.#tail.charCodeAt(at) !== this.#tail.charCodeAt(at - this.#unit)) return false;
    }
    this.#length += this.#fresh;
    return true;
  }
}

const borders = new Uint16Array(windowLength);

/** The smallest number of characters by which a text can be moved to lie on itself; its own length where there is none. */
function smallestPeriod(text: string): number {
  let border = 0;
  for (let at = 1; at < text.length; at++) {
    const character = text.charCodeAt(at);
    while (border > 0 && text.charCodeAt(border) !== character) border = borders[border - 1] as number;
    if (text.charCodeAt(border) === character) border++;
    borders[at] = border;
  }
  return text.length - border;
}
