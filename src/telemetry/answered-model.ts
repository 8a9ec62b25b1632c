import { textOfField } from '../bytes/text-of-field.ts';

const headBytes = 512;
const longestModel = 256;
const modelKey = Buffer.from('"model"');
const choicesKey = Buffer.from('"choices"');
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
  const from = textOfField(bytes, behind);
  if (from === undefined) return undefined;
  for (let at = from; at < end && at - from <= longestModel; at++) {
    const byte = bytes[at];
    if (byte === backslash) return undefined;
    if (byte === quote) return at === from ? undefined : readName(bytes, from, at);
  }
  return undefined;
}

function readName(bytes: Buffer, from: number, to: number): string {
  if (bytes.compare(lastBytes, 0, lastBytes.length, from, to) === 0) return lastName;
  lastBytes = Buffer.from(bytes.subarray(from, to));
  lastName = lastBytes.toString();
  return lastName;
}
