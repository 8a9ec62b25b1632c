import { isAscii, isUtf8 } from 'node:buffer';
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
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

interface CapturedBody {
  readonly body?: string;
  readonly base64?: string;
  /** Milliseconds since the request was received, and bytes, of each piece. */
  readonly chunks?: readonly (readonly [number, number])[];
  /** How many bytes there were, where not all of them are here. */
  readonly cut?: number;
  readonly withheld?: true;
}

interface Body {
  readonly chunks: readonly Buffer[];
  readonly times?: readonly number[];
  readonly bytes: number;
}

/**
 * A body as a capture holds it: as text, or in base64 where it is no UTF-8.
 * @param since the moment from which the times of its pieces count; without it, none are given
 */
export function describeBody(
  body: Body,
  redactor: Redactor,
  mask: Mask,
  since?: number,
  encoding?: string | string[],
): CapturedBody {
  const joined = body.chunks.length === 1 ? (body.chunks[0] as Buffer) : Buffer.concat(body.chunks);
  const whole = joined.length > captureBodyBytes ? joined.subarray(0, captureBodyBytes) : joined;
  const cut = whole.length < body.bytes ? { cut: body.bytes } : undefined;
  let sizes = body.chunks.map((chunk) => chunk.length);
  let text: { body: string } | { base64: string };
  if (isUtf8(whole)) {
    const plain = whole.toString(isAscii(whole) ? 'latin1' : 'utf8');
    if (mask !== undefined) sizes = maskedSizes(plain, sizes, mask);
    text = { body: mask === undefined ? plain : mask.text(plain) };
  } else {
    if (holdsSecret(whole, encoding, redactor)) return { withheld: true, ...cut };
    text = { base64: whole.toString('base64') };
  }
  const { times } = body;
  if (since === undefined || times === undefined) return { ...text, ...cut };
  const chunks = sizes.map((size, index) => [Math.round(((times[index] ?? 0) - since) * 100) / 100, size] as const);
  return { ...text, chunks, ...cut };
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
