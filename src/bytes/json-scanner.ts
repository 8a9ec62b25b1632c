/** Says where a document stops being JSON. */
export class JsonSyntaxError extends Error {
  /** Byte offset, from 0. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(`${message} at byte ${offset}`);
    this.name = 'JsonSyntaxError';
    this.offset = offset;
  }
}

/** How deep arrays and objects may stand in each other. */
export const maximumDepth = 512;

const quote = 0x22;
const backslash = 0x5c;
const nearBytes = 32;

/**
 * Walks over JSON (RFC 8259) in place, one value at a time, without building anything. It accepts what `JSON.parse`
 * accepts, up to {@link maximumDepth}. Strings without an escape are jumped over with the native `indexOf`.
 */
export class JsonScanner {
  readonly bytes: Buffer;
  readonly length: number;
  #nextBackslash = -1;
  readonly #mayHoldControls: boolean;
  readonly #maximumDepth: number;

  /** @param depth how deep it may be nested, for a text that need not be refused */
  constructor(bytes: Buffer, depth: number = maximumDepth) {
    this.bytes = bytes;
    this.#maximumDepth = depth;
    this.length = bytes.length;
    this.#mayHoldControls = holdsControlCharacter(bytes);
  }

  /** The first offset from `at` that is no white space. */
  skipSpace(at: number): number {
    const bytes = this.bytes;
    let i = at;
    for (;;) {
      const byte = bytes[i];
      if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) i++;
      else return i;
    }
  }

  /** The offset behind the value that starts at `at` (which is no white space). */
  skipValue(at: number): number {
    switch (this.bytes[at]) {
      case quote:
        return this.skipString(at);
      case 0x7b:
      case 0x5b:
        return this.#skipContainer(at);
      case 0x74:
        return this.#skipWord(at, 'true');
      case 0x66:
        return this.#skipWord(at, 'false');
      case 0x6e:
        return this.#skipWord(at, 'null');
      default:
        return this.#skipNumber(at);
    }
  }

  /** The offset behind the string whose opening quote is at `at`. */
  skipString(at: number): number {
    const { bytes } = this;
    // Most strings are short, and a call of the native search costs more than looking at a few bytes here.
    const near = Math.min(at + nearBytes, this.length);
    for (let i = at + 1; i < near; i++) {
      const byte = bytes[i] as number;
      if (byte === quote) return i + 1;
      if (byte === backslash) return this.#skipLongString(at);
      if (byte < 0x20) throw new JsonSyntaxError('a control character in a string', i);
    }
    return this.#skipLongString(at);
  }

  #skipLongString(at: number): number {
    const end = this.bytes.indexOf(quote, at + 1);
    if (end < 0) throw new JsonSyntaxError('a string is not closed', at);
    if (this.#nextBackslash < at) {
      this.#nextBackslash = orInfinity(this.bytes.indexOf(backslash, at + 1));
    }
    if (this.#nextBackslash > end) {
      if (this.#mayHoldControls) this.#refuseControls(at + 1, end);
      return end + 1;
    }
    return this.#skipEscapedString(at);
  }

  #skipEscapedString(at: number): number {
    const { bytes } = this;
    let i = at + 1;
    let end = bytes.indexOf(quote, i);
    for (;;) {
      // From escape to escape; a quote that comes first is the end.
      const slash = this.#nextBackslash;
      if (end < 0) throw new JsonSyntaxError('a string is not closed', at);
      if (end < slash) {
        if (this.#mayHoldControls) this.#refuseControls(i, end);
        return end + 1;
      }
      if (this.#mayHoldControls) this.#refuseControls(i, slash);
      i = this.#skipEscape(slash);
      if (end < i) end = bytes.indexOf(quote, i);
      this.#nextBackslash = bytes[i] === backslash ? i : orInfinity(bytes.indexOf(backslash, i));
    }
  }

  #skipEscape(at: number): number {
    switch (this.bytes[at + 1]) {
      case quote:
      case backslash:
      case 0x2f:
      case 0x62:
      case 0x66:
      case 0x6e:
      case 0x72:
      case 0x74:
        return at + 2;
      case 0x75:
        for (let i = at + 2; i < at + 6; i++) {
          if (!isHex(this.bytes[i])) throw new JsonSyntaxError('a broken \\u escape', at);
        }
        return at + 6;
      default:
        throw new JsonSyntaxError('an unknown escape', at);
    }
  }

  #refuseControls(from: number, to: number): void {
    for (let i = from; i < to; i++) {
      if ((this.bytes[i] as number) < 0x20) throw new JsonSyntaxError('a control character in a string', i);
    }
  }

  /** The offset of the value whose key starts at `at`. */
  skipKey(at: number): number {
    if (this.bytes[at] !== quote) throw this.#unexpected(at, 'a key in double quotes');
    const colon = this.skipSpace(this.skipString(at));
    if (this.bytes[colon] !== 0x3a) throw this.#unexpected(colon, '":"');
    return this.skipSpace(colon + 1);
  }

  /** An array or object with all that stands in it. */
  #skipContainer(at: number): number {
    const { bytes } = this;
    const closers: number[] = [];
    let i = at;
    for (;;) {
      const byte = bytes[i];
      if (byte === 0x7b || byte === 0x5b) {
        if (closers.length === this.#maximumDepth) {
          throw new JsonSyntaxError(`nested deeper than ${this.#maximumDepth}`, i);
        }
        const closer = byte + 2; // "}" and "]" stand two behind "{" and "["
        closers.push(closer);
        i = this.skipSpace(i + 1);
        if (bytes[i] !== closer) {
          if (closer === 0x7d) i = this.skipKey(i);
          continue;
        }
      } else {
        i = this.skipSpace(this.skipValue(i));
      }
      while (bytes[i] === closers[closers.length - 1]) {
        closers.pop();
        i++;
        if (closers.length === 0) return i;
        i = this.skipSpace(i);
      }
      if (bytes[i] !== 0x2c) throw this.#unexpected(i, '"," or a closing bracket');
      i = this.skipSpace(i + 1);
      if (closers[closers.length - 1] === 0x7d) i = this.skipKey(i);
    }
  }

  #skipWord(at: number, word: string): number {
    for (let i = 0; i < word.length; i++) {
      if (this.bytes[at + i] !== word.charCodeAt(i)) throw this.#unexpected(at, 'a value');
    }
    return at + word.length;
  }

  #skipNumber(at: number): number {
    let i = at;
    if (this.bytes[i] === 0x2d) i++;
    if (this.bytes[i] === 0x30) i++;
    else i = this.#skipDigits(i);
    if (this.bytes[i] === 0x2e) i = this.#skipDigits(i + 1);
    const exponent = this.bytes[i];
    if (exponent === 0x65 || exponent === 0x45) {
      const sign = this.bytes[i + 1];
      i = this.#skipDigits(sign === 0x2b || sign === 0x2d ? i + 2 : i + 1);
    }
    return i;
  }

  #skipDigits(at: number): number {
    let i = at;
    for (;;) {
      const byte = this.bytes[i];
      if (byte === undefined || byte < 0x30 || byte > 0x39) break;
      i++;
    }
    if (i === at) throw this.#unexpected(at, 'a value');
    return i;
  }

  #unexpected(at: number, wanted: string): JsonSyntaxError {
    return new JsonSyntaxError(at >= this.length ? 'the text ends too early' : `expected ${wanted}`, at);
  }
}

function orInfinity(index: number): number {
  return index < 0 ? Number.POSITIVE_INFINITY : index;
}

function isHex(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
}

/** Whether any byte is below 0x20, four bytes at a time: one pass that spares a check of each string. */
function holdsControlCharacter(bytes: Buffer): boolean {
  const { buffer, byteOffset, length } = bytes;
  const unaligned = (4 - (byteOffset & 3)) & 3;
  const head = Math.min(length, unaligned);
  // A short piece may end before the first offset at which a word may begin.
  const words = new Uint32Array(buffer, head < unaligned ? 0 : byteOffset + head, (length - head) >> 2);
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as number;
    // The lowest byte under 0x20 borrows into its own top bit (Warren, Hacker's Delight, 6-1).
    if ((word - 0x20202020) & ~word & 0x80808080) return true;
  }
  for (let i = 0; i < head; i++) if ((bytes[i] as number) < 0x20) return true;
  for (let i = head + words.length * 4; i < length; i++) if ((bytes[i] as number) < 0x20) return true;
  return false;
}
