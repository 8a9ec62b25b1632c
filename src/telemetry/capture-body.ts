import { isAscii, isUtf8 } from 'node:buffer';
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import { hundredths } from './capture-time.ts';
import type { JsonWriter } from './json-writer.ts';
import type { ObservedBody } from './observed-body.ts';
import { maskText, type Redactor } from './redactor.ts';

/** What is secret in texts, and how they look without it. */
export interface Masking {
  text(text: string): string;
  /** Where secrets stand: from, to. */
  spans(text: string): (readonly [number, number])[];
}

/** Undefined: there is nothing to mask. */
export type Mask = Masking | undefined;

export function masked(text: string, mask: Mask): string {
  return mask === undefined ? text : mask.text(text);
}

/** Bytes of each body that are captured; what is longer is cut. */
export const captureBodyBytes = 4 * 1024 * 1024;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

interface BodyContext {
  readonly redactor: Redactor;
  readonly mask: Mask;
  /** The moment from which the times of its pieces count; without it, none are given. */
  readonly since?: number;
  /** Whether it is known to be a JSON object, once decoded. */
  readonly isJson: boolean;
  /** The `content-encoding`. */
  readonly encoding?: string | string[] | undefined;
}

/**
 * Writes a body as fields of a JSON object: `json` with its very bytes where that is what they are and they stand in one
 * line, `body` with its text, `base64` where it is no UTF-8, or `withheld` where a secret stands in such bytes; `chunks`
 * with the time and the bytes of each piece; `cut` where not all of it is here.
 */
export function writeBody(writer: JsonWriter, body: Buffer | ObservedBody, context: BodyContext): void {
  const { mask, since, encoding, redactor } = context;
  const isPlain = Buffer.isBuffer(body);
  const bytes = isPlain ? body.subarray(0, captureBodyBytes) : body.join();
  const all = isPlain ? body.length : body.bytes;
  const isText = isAscii(bytes) || isUtf8(bytes);
  const text = isText && mask !== undefined ? bytes.toString() : undefined;
  const isWithheld = !isText && holdsSecret(bytes, encoding, redactor);
  if (isWithheld) {
    writer.text('"withheld":true');
  } else if (!isText) {
    writer.text(`"base64":"${bytes.toString('base64')}"`);
  } else if (text !== undefined && mask !== undefined) {
    writer.text('"body":');
    writer.quoted(mask.text(text));
  } else if (context.isJson && bytes.length === all && encoding === undefined && isOneLine(bytes)) {
    writer.text('"json":');
    writer.bytes(bytes);
  } else {
    writer.text('"body":"');
    writer.escaped(bytes);
    writer.text('"');
  }
  if (!isPlain && since !== undefined && !isWithheld) writeChunks(writer, body, since, maskedSizes(body, text, mask));
  if (bytes.length < all) writer.text(`,"cut":${all}`);
}

function isOneLine(bytes: Buffer): boolean {
  return !bytes.includes(lineFeed) && !bytes.includes(carriageReturn);
}

/** Milliseconds since the request was received, and bytes, of each piece. */
function writeChunks(
  writer: JsonWriter,
  { chunks, times }: ObservedBody,
  since: number,
  sizes: readonly number[] | undefined,
): void {
  writer.text(',"chunks":[');
  for (let index = 0; index < chunks.length; index++) {
    writer.text(index === 0 ? '[' : ',[');
    writer.text(hundredths((times[index] ?? 0) - since));
    writer.text(',');
    writer.text(String(sizes === undefined ? chunks[index]?.length : sizes[index]));
    writer.text(']');
  }
  writer.text(']');
}

/** The sizes of the pieces when secrets are masked in the whole: a secret counts where it begins. */
function maskedSizes({ chunks }: ObservedBody, text: string | undefined, mask: Mask): number[] | undefined {
  if (text === undefined || mask === undefined) return undefined;
  const spans = mask.spans(text).map(([start, end]) => {
    const from = Buffer.byteLength(text.slice(0, start));
    return { from, to: from + Buffer.byteLength(text.slice(start, end)) };
  });
  let place = 0;
  let moved = 0;
  return chunks.map((chunk) => {
    place += chunk.length;
    let shift = 0;
    for (const { from, to } of spans) {
      if (from >= place) break;
      shift += maskText.length - (to - from) + Math.max(0, to - place);
    }
    const end = place + shift;
    const own = end - moved;
    moved = end;
    return own;
  });
}

const decoders: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: (bytes) => gunzipSync(bytes),
  'x-gzip': (bytes) => gunzipSync(bytes),
  deflate: (bytes) => inflateSync(bytes),
  br: (bytes) => brotliDecompressSync(bytes),
  zstd: (bytes) => zstdDecompressSync(bytes),
};

/** Whether bytes that are no text hold a secret, or may do so where they cannot be read. */
function holdsSecret(bytes: Buffer, encoding: string | string[] | undefined, redactor: Redactor): boolean {
  if (redactor.finds(bytes.toString('latin1'))) return true;
  const name = String(encoding ?? 'identity').toLowerCase();
  if (name === 'identity' || name === '') return false;
  const decode = decoders[name];
  if (decode === undefined) return true;
  try {
    return redactor.finds(decode(bytes).toString());
  } catch {
    return true; // it breaks off, so nobody can say what is in it
  }
}
