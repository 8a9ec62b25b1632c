/** Where bytes differ from others: at `at`, `was` bytes of the ones are `is` bytes in the others. Both 0: nowhere. */
export interface BytesChange {
  readonly at: number;
  readonly was: number;
  readonly is: number;
}

/**
 * The one change that makes bytes of others: what lies between what they begin and end with alike. In UTF-8 it begins and
 * ends between characters.
 */
export function findChange(one: Buffer, other: Buffer): BytesChange {
  const shorter = Math.min(one.length, other.length);
  let at = commonStart(one, other, shorter);
  while (at > 0 && (isContinuation(one[at]) || isContinuation(other[at]))) at--;
  let end = commonEnd(one, other, shorter - at);
  while (end > 0 && isContinuation(one[one.length - end])) end--;
  return { at, was: one.length - at - end, is: other.length - at - end };
}

/** Of how many bytes both begin alike, at most `most`. */
function commonStart(one: Buffer, other: Buffer, most: number): number {
  const [ones, others] = [viewOf(one), viewOf(other)];
  let at = 0;
  while (at + 4 <= most && ones.getInt32(at) === others.getInt32(at)) at += 4;
  while (at < most && one[at] === other[at]) at++;
  return at;
}

/** Of how many bytes both end alike, at most `most`. */
function commonEnd(one: Buffer, other: Buffer, most: number): number {
  const [ones, others] = [viewOf(one), viewOf(other)];
  let end = 0;
  while (end + 4 <= most && ones.getInt32(one.length - end - 4) === others.getInt32(other.length - end - 4)) end += 4;
  while (end < most && one[one.length - end - 1] === other[other.length - end - 1]) end++;
  return end;
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** Whether a byte goes on with a character of UTF-8. */
function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
