const quote = 0x22;
const backslash = 0x5c;
const nearBytes = 32;

/**
 * The offset behind the first message whose `role` is `user`, in a list of messages that is known to be JSON.
 * Where `limit` comes before that, it is the limit. Undefined: there is no such message.
 * @param start the offset of the list's `[`
 */
export function firstUserMessageEnd(body: Buffer, start: number, limit: number): number | undefined {
  const bytes = body.subarray(0, limit);
  /** 1 in the list, 2 in a message. */
  let depth = 0;
  /** The last one of `{[,:` before where we are. */
  let before = 0;
  let isRole = false;
  let isUser = false;
  let i = start;
  while (i < limit) {
    const byte = bytes[i] as number;
    if (byte === quote) {
      const end = stringEnd(bytes, i);
      if (depth === 2) {
        if (before !== 0x3a) isRole = spells(bytes, i, end, 'role');
        else if (isRole) isUser = spells(bytes, i, end, 'user');
      }
      i = end;
      continue;
    }
    if (byte === 0x7b || byte === 0x5b) {
      depth++;
      before = byte;
    } else if (byte === 0x7d || byte === 0x5d) {
      depth--;
      if (isUser && depth === 1) return i + 1;
      if (depth === 0) return undefined;
    } else if (byte === 0x2c || byte === 0x3a) {
      before = byte;
    }
    i++;
  }
  return limit;
}

/** The offset behind the string whose opening quote is at `at`; the end of the bytes where it is cut off. */
function stringEnd(bytes: Buffer, at: number): number {
  // Most strings are short, and a call of the native search costs more than looking at a few bytes here.
  const near = Math.min(at + nearBytes, bytes.length);
  for (let i = at + 1; i < near; i++) {
    const byte = bytes[i];
    if (byte === quote) return i + 1;
    if (byte === backslash) break;
  }
  for (let end = bytes.indexOf(quote, at + 1); end >= 0; end = bytes.indexOf(quote, end + 1)) {
    let slashes = 0;
    while (bytes[end - 1 - slashes] === backslash) slashes++;
    if (slashes % 2 === 0) return end + 1;
  }
  return bytes.length;
}

/** Whether a string stands there that is exactly this word, written without escapes. */
function spells(bytes: Buffer, start: number, end: number, word: string): boolean {
  if (end - start !== word.length + 2) return false;
  for (let i = 0; i < word.length; i++) if (bytes[start + 1 + i] !== word.charCodeAt(i)) return false;
  return true;
}
