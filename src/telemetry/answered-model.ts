const headBytes = 512;
const longestModel = 256;
const modelKey = Buffer.from('"model"');
const choicesKey = Buffer.from('"choices"');
const colon = 0x3a;
const quote = 0x22;
const backslash = 0x5c;

let lastBytes = Buffer.alloc(0);
let lastName = '';

/**
 * The model that an answer, or the first event of one, names at its beginning. Where the same one answers again, nothing is
 * made for it.
 */
export function answeredModel(answer: Buffer): string | undefined {
  const head = answer.length <= headBytes ? answer : answer.subarray(0, headBytes);
  let at = head.indexOf(modelKey);
  if (at < 0) return undefined;
  // Whatever stands within the texts of an answer is behind its choices.
  const choices = head.indexOf(choicesKey);
  const end = choices < 0 ? head.length : choices;
  while (at >= 0 && at < end) {
    const name = nameAt(head, at + modelKey.length, end);
    if (name !== undefined) return name;
    at = head.indexOf(modelKey, at + modelKey.length);
  }
  return undefined;
}

/** What stands behind the key, where that is a text without escapes. */
function nameAt(bytes: Buffer, behind: number, end: number): string | undefined {
  let at = skipSpace(bytes, behind);
  if (bytes[at] !== colon) return undefined;
  at = skipSpace(bytes, at + 1);
  if (bytes[at] !== quote) return undefined;
  const from = at + 1;
  for (at = from; at < end && at - from <= longestModel; at++) {
    const byte = bytes[at];
    if (byte === backslash) return undefined;
    if (byte === quote) return at === from ? undefined : readName(bytes, from, at);
  }
  return undefined;
}

function readName(bytes: Buffer, from: number, to: number): string {
  if (isLast(bytes, from, to)) return lastName;
  lastBytes = Buffer.from(bytes.subarray(from, to));
  lastName = lastBytes.toString();
  return lastName;
}

function isLast(bytes: Buffer, from: number, to: number): boolean {
  if (to - from !== lastBytes.length) return false;
  for (let at = from; at < to; at++) if (bytes[at] !== lastBytes[at - from]) return false;
  return true;
}

function skipSpace(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === 0x20 || bytes[at] === 0x09 || bytes[at] === 0x0a || bytes[at] === 0x0d) at++;
  return at;
}
