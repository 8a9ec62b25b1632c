const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const opens: ReadonlySet<number> = new Set([0x7b, 0x5b]);
const closes: ReadonlySet<number> = new Set([0x7d, 0x5d]);

/** Where values stand in a JSON text that is known to be well-formed, so that their very bytes can be had. */
export class RawJson {
  readonly bytes: Buffer;

  /** @param bytes one value, well-formed */
  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** The value of a field of an object. Of a key that stands there twice, the last one, as `JSON.parse` has it. */
  field(key: string): RawJson | undefined {
    let found: RawJson | undefined;
    const parts = this.#parts();
    for (let at = 0; at + 1 < parts.length; at += 2) {
      if (JSON.parse(`${parts[at]?.bytes}`) === key) found = parts[at + 1];
    }
    return found;
  }

  /** The elements of an array. */
  elements(): RawJson[] {
    return this.#parts();
  }

  /** What stands between the outermost brackets: the elements, or keys and values in turn. */
  #parts(): RawJson[] {
    const { bytes } = this;
    const parts: RawJson[] = [];
    const start = skipSpace(bytes, 0) + 1;
    for (let at = nextPart(bytes, start); at < bytes.length && !closes.has(bytes[at] as number); ) {
      const end = endOfValue(bytes, at);
      parts.push(new RawJson(bytes.subarray(at, end)));
      at = nextPart(bytes, end);
    }
    return parts;
  }
}

function endOfValue(bytes: Buffer, from: number): number {
  let depth = 0;
  let at = from;
  do {
    const byte = bytes[at] as number;
    if (byte === quote) at = endOfString(bytes, at);
    else if (opens.has(byte) || closes.has(byte)) {
      depth += opens.has(byte) ? 1 : -1;
      at++;
    } else at++;
  } while (at < bytes.length && (depth > 0 || isWithinWord(bytes, at - 1, at)));
  return at;
}

/** Whether a number or a name goes on from one byte to the next. */
function isWithinWord(bytes: Buffer, one: number, next: number): boolean {
  return isWord(bytes[one] as number) && isWord(bytes[next] as number);
}

function isWord(byte: number): boolean {
  return byte > 0x20 && byte !== comma && byte !== 0x3a && byte !== quote && !opens.has(byte) && !closes.has(byte);
}

function endOfString(bytes: Buffer, from: number): number {
  for (let at = from + 1; ; at++) {
    if (bytes[at] === backslash) at++;
    else if (bytes[at] === quote || at >= bytes.length) return at + 1;
  }
}

/** Over white space, commas and colons. */
function nextPart(bytes: Buffer, from: number): number {
  let at = skipSpace(bytes, from);
  while (bytes[at] === comma || bytes[at] === 0x3a) at = skipSpace(bytes, at + 1);
  return at;
}

function skipSpace(bytes: Buffer, from: number): number {
  let at = from;
  while ((bytes[at] as number) <= 0x20) at++;
  return at;
}
