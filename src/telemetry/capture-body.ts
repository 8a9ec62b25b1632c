import { isAscii, isUtf8 } from 'node:buffer';
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
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

/** Bytes of each body that are captured; what is longer is cut. */
export const captureBodyBytes = 4 * 1024 * 1024;

interface BodyContext {
  readonly redactor: Redactor;
  readonly mask: Mask;
  /** The moment from which the times of its pieces count; without it, none are given. */
  readonly since?: number;
  /** The `content-encoding`. */
  readonly encoding?: string | string[] | undefined;
}

/**
 * A body as fields of a JSON object: `body` with its text, or `base64` where it is no UTF-8, or `withheld` where a
 * secret stands in such bytes; `chunks` with the time and the bytes of each piece; `cut` where not all of it is here.
 */
export function bodyFields(body: Buffer | ObservedBody, context: BodyContext): string {
  const { mask, since, encoding, redactor } = context;
  const isPlain = Buffer.isBuffer(body);
  const bytes = isPlain ? body.subarray(0, captureBodyBytes) : body.join();
  const all = isPlain ? body.length : body.bytes;
  const cut = bytes.length < all ? `,"cut":${all}` : '';
  let text: string | undefined;
  if (isAscii(bytes)) text = bytes.toString('latin1');
  else if (isUtf8(bytes)) text = bytes.toString('utf8');
  else if (holdsSecret(bytes, encoding, redactor)) return `"withheld":true${cut}`;
  const chunks = isPlain || since === undefined ? '' : chunksField(body, since, text, mask);
  if (text === undefined) return `"base64":"${bytes.toString('base64')}"${chunks}${cut}`;
  return `"body":${JSON.stringify(mask === undefined ? text : mask.text(text))}${chunks}${cut}`;
}

/** Milliseconds since the request was received, and bytes, of each piece. */
function chunksField(body: ObservedBody, since: number, text: string | undefined, mask: Mask): string {
  const plain = body.chunks.map((chunk) => chunk.length);
  const sizes = mask === undefined || text === undefined ? plain : maskedSizes(text, plain, mask);
  const pairs = sizes.map((size, index) => `[${Math.round(((body.times[index] ?? 0) - since) * 100) / 100},${size}]`);
  return `,"chunks":[${pairs.join(',')}]`;
}

/** The sizes of the pieces when secrets are masked in the whole: a secret counts where it begins. */
function maskedSizes(text: string, sizes: readonly number[], mask: Masking): number[] {
  const spans = mask.spans(text).map(([start, end]) => {
    const from = Buffer.byteLength(text.slice(0, start));
    return { from, to: from + Buffer.byteLength(text.slice(start, end)) };
  });
  let place = 0;
  let moved = 0;
  return sizes.map((size) => {
    place += size;
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
