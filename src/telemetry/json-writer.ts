/** The least room that is taken where the given one is too small. */
const leastBytes = 64 * 1024;
/** Escaping makes at most so many bytes of one. */
const longestEscape = 6;
/** So many bytes are escaped at a time. */
const sliceBytes = 8 * 1024;

/** So many bytes of UTF-8 a unit of a text takes at most. */
const longestCharacter = 3;
/** Of characters; what is longer is written by Node. */
const shortText = 128;
/** The last character that takes one byte and is no control character. */
const lastPlain = 0x7e;

const quote = 0x22;
const backslash = 0x5c;
const shortEscapes: Readonly<Record<number, string>> = { 8: 'b', 9: 't', 10: 'n', 12: 'f', 13: 'r', 34: '"', 92: '\\' };

/** By byte: 0 where it stands for itself in JSON, else the letter behind the backslash. */
const escapes = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte === quote || byte === backslash ? (shortEscapes[byte] ?? 'u').charCodeAt(0) : 0,
);
const unicodeEscape = 'u'.charCodeAt(0);
const hexDigits = Buffer.from('0123456789abcdef');

/** Room for what is written: from `used` on it is free. */
export interface Room {
  readonly memory: Buffer<ArrayBuffer>;
  readonly used: number;
}

/** Puts one JSON text together as bytes: in the room that it is given or, where that is too small, in other memory. */
export class JsonWriter {
  #bytes = Buffer.alloc(0);
  #view = new DataView(this.#bytes.buffer);
  #from = 0;
  #used = 0;

  /** Begins a text. */
  begin({ memory, used }: Room): void {
    if (memory !== this.#bytes) this.#take(memory);
    this.#from = used;
    this.#used = used;
  }

  /** Adds a text as it is. Short ones are written by hand, since a call into Node takes longer than they do. */
  text(text: string): void {
    const { length } = text;
    this.#reserve(length * longestCharacter);
    if (length <= shortText) {
      const bytes = this.#bytes;
      const from = this.#used;
      let at = 0;
      for (; at < length; at++) {
        const code = text.charCodeAt(at);
        if (code > lastPlain) break;
        bytes[from + at] = code;
      }
      if (at === length) {
        this.#used = from + length;
        return;
      }
    }
    this.#used += this.#bytes.write(text, this.#used);
  }

  /** Adds a text as JSON's, with its quotes. */
  quoted(text: string): void {
    const { length } = text;
    this.#reserve(length + 2);
    const bytes = this.#bytes;
    const from = this.#used + 1;
    for (let at = 0; at < length; at++) {
      const code = text.charCodeAt(at);
      if (code > lastPlain || escapes[code] !== 0) {
        this.text(JSON.stringify(text));
        return;
      }
      bytes[from + at] = code;
    }
    bytes[from - 1] = quote;
    bytes[from + length] = quote;
    this.#used = from + length + 1;
  }

  /** Adds bytes as they are. */
  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /** Adds bytes that are UTF-8 as what stands between the quotes of a text in JSON. */
  escaped(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length; from += sliceBytes) {
      const slice = bytes.length <= sliceBytes ? bytes : bytes.subarray(from, from + sliceBytes);
      this.#reserve(slice.length * (longestEscape + 1));
      const source = this.#used + slice.length * longestEscape;
      this.#bytes.set(slice, source);
      this.#used = escapeWithin(this.#bytes, this.#view, this.#used, source, source + slice.length);
    }
  }

  /** All that was added since `begin`. */
  end(): Buffer {
    return this.#bytes.subarray(this.#from, this.#used);
  }

  #reserve(length: number): void {
    if (this.#used + length <= this.#bytes.length) return;
    const written = this.#bytes.subarray(this.#from, this.#used);
    const larger = Buffer.allocUnsafeSlow(Math.max(leastBytes, (written.length + length) * 2));
    larger.set(written);
    this.#take(larger);
    this.#from = 0;
    this.#used = written.length;
  }

  #take(bytes: Buffer<ArrayBuffer>): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }
}

/**
 * Escapes what stands from `start` to `end` to the place `from` before it, four bytes at a time: a word is copied whole,
 * and where a byte of it has to be escaped, what comes from there on is written over. Returns where it ends. It is one
 * loop without calls, since it meets every byte of every body.
 */
function escapeWithin(bytes: Uint8Array, view: DataView, from: number, start: number, end: number): number {
  let used = from;
  let at = start;
  const lastWord = end - 4;
  while (at < end) {
    if (at <= lastWord) {
      const word = view.getInt32(at, true);
      view.setInt32(used, word, true);
      const quotes = word ^ 0x22222222;
      const backslashes = word ^ 0x5c5c5c5c;
      const found = (quotes - 0x01010101) & ~quotes;
      // In the highest bit of each byte, whether it has to be escaped; right up to the first one that has.
      const bits = (((word - 0x20202020) & ~word) | found | ((backslashes - 0x01010101) & ~backslashes)) & 0x80808080;
      if (bits === 0) {
        at += 4; // by a constant, so that the processor need not wait for what was found
        used += 4;
        continue;
      }
      const plain = (31 - Math.clz32(bits & -bits)) >> 3;
      at += plain;
      used += plain;
    }
    const byte = bytes[at++] as number;
    const letter = escapes[byte] as number;
    if (letter === 0) {
      bytes[used++] = byte;
      continue;
    }
    bytes[used++] = backslash;
    bytes[used++] = letter;
    if (letter === unicodeEscape) used = writeUnicode(bytes, used, byte);
  }
  return used;
}

/** What stands behind the letter. Returns where it ends. */
function writeUnicode(target: Uint8Array, from: number, byte: number): number {
  target[from] = 0x30;
  target[from + 1] = 0x30;
  target[from + 2] = hexDigits[byte >> 4] as number;
  target[from + 3] = hexDigits[byte & 15] as number;
  return from + 4;
}
