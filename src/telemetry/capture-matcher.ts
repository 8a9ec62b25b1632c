/** So many slots has the table of pairs of bytes. */
const slots = 4096;

/**
 * Looks for any of many texts in bytes at once. It skips: the last two bytes of a window tell how far the next place is
 * at which one of the texts may end, so most bytes are never looked at.
 */
export class CaptureMatcher {
  readonly #needles: readonly Buffer[];
  /** The length of the shortest one. */
  readonly #window: number;
  /** By the pair at the end of the window, how far it can be moved; 0: a text may begin here. */
  readonly #skips: Uint8Array;

  constructor(texts: readonly string[]) {
    this.#needles = texts.map((text) => Buffer.from(text));
    this.#window = Math.min(255, ...this.#needles.map((needle) => needle.length));
    this.#skips = new Uint8Array(slots).fill(Math.max(0, this.#window - 1));
    for (const needle of this.#needles) {
      for (let at = 1; at < this.#window; at++) {
        const slot = slotOf(needle[at - 1] as number, needle[at] as number);
        this.#skips[slot] = Math.min(this.#skips[slot] as number, this.#window - 1 - at);
      }
    }
  }

  /** Whether one of the texts stands in the bytes, as UTF-8. */
  finds(bytes: Uint8Array): boolean {
    const skips = this.#skips;
    const window = this.#window;
    if (this.#needles.length === 0) return false;
    if (window < 2)
      return this.#needles.some((needle) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(needle));
    const end = bytes.length;
    for (let last = window - 1; last < end; ) {
      const skip = skips[slotOf(bytes[last - 1] as number, bytes[last] as number)] as number;
      if (skip > 0) last += skip;
      else if (this.#standsAt(bytes, last - window + 1)) return true;
      else last++;
    }
    return false;
  }

  #standsAt(bytes: Uint8Array, from: number): boolean {
    return this.#needles.some((needle) => {
      for (let at = 0; at < needle.length; at++) if (bytes[from + at] !== needle[at]) return false;
      return true;
    });
  }
}

function slotOf(first: number, second: number): number {
  return ((first << 4) ^ second) & (slots - 1);
}
