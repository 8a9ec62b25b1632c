/** Bytes `start` to before `end` of a document are to become `text`. An insertion has `start === end`. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A copy with all splices made; they must be in order and must not overlap. Without splices, the bytes themselves. */
export function applySplices(bytes: Buffer, splices: readonly Splice[]): Buffer {
  if (splices.length === 0) return bytes;
  let length = bytes.length;
  for (const splice of splices) length += Buffer.byteLength(splice.text) - (splice.end - splice.start);
  const result = Buffer.allocUnsafe(length);
  let from = 0;
  let to = 0;
  for (const splice of splices) {
    to += bytes.copy(result, to, from, splice.start);
    to += result.write(splice.text, to);
    from = splice.end;
  }
  bytes.copy(result, to, from);
  return result;
}
