import { isAscii, isUtf8 } from 'node:buffer';
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import { hundredths } from './capture-time.ts';
import type { CaptureWriter } from './capture-writer.ts';
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
 * Writes a body as fields of a JSON object: `body` with its text, or `base64` where it is no UTF-8, or `withheld` where
 * a secret stands in such bytes; `chunks` with the time and the bytes of each piece; `cut` where not all of it is here.
 */
export function writeBody(writer: CaptureWriter, body: Buffer | ObservedBody, context: BodyContext): void {
  const { mask, since, encoding, redactor } = context;
  const isPlain = Buffer.isBuffer(body);
  const bytes = isPlain ? body.subarray(0, captureBodyBytes) : body.join();
  const all = isPlain ? body.length : body.bytes;
  const cut = bytes.length < all ? `,"cut":${all}` : '';
  const isText = isAscii(bytes) || isUtf8(bytes);
  const text = isText && mask !== undefined ? bytes.toString() : undefined;
  const chunks = isPlain || since === undefined ? '' : chunksField(body, since, text, mask);
  if (!isText && holdsSecret(bytes, encoding, redactor)) writer.text(`"withheld":true${cut}`);
  else if (!isText) writer.text(`"base64":"${bytes.toString('base64')}"${chunks}${cut}`);
  else if (text !== undefined && mask !== undefined) {
    writer.text(`"body":${JSON.stringify(mask.text(text))}${chunks}${cut}`);
  } else {
    writer.text('"body":"');
    writer.escaped(bytes);
    writer.text(`"${chunks}${cut}`);
  }
}

/** Milliseconds since the request was received, and bytes, of each piece. */
function chunksField(body: ObservedBody, since: number, text: string | undefined, mask: Mask): string {
  const { chunks, times } = body;
  const masked = mask === undefined || text === undefined ? undefined : maskedSizes(text, chunks, mask);
  let pairs = '';
  for (let index = 0; index < chunks.length; index++) {
    const size = masked === undefined ? chunks[index]?.length : masked[index];
    pairs += `${index === 0 ? '' : ','}[${hundredths((times[index] ?? 0) - since)},${size}]`;
  }
  return `,"chunks":[${pairs}]`;
}

/** The sizes of the pieces when secrets are masked in the whole: a secret counts where it begins. */
function maskedSizes(text: string, chunks: readonly Buffer[], mask: Masking): number[] {
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
