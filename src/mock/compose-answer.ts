import { constants, createGzip, gzipSync } from 'node:zlib';
import type { MockBytes, MockReply } from './mock-reply.ts';

/** An answer as it goes on the wire. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** One write each. */
  readonly chunks: readonly Buffer[];
  readonly framing: 'length' | 'chunked' | 'close';
  /** Milliseconds before each chunk, in place of the reply's. */
  readonly pauses?: readonly number[];
}

/** The wire form of a reply that has its body. */
export async function composeAnswer(reply: MockReply): Promise<Answer> {
  const { type, chunks: whole, streamed } = encodedBody(reply);
  const chunks = reply.chunk_bytes === undefined ? whole : slices(Buffer.concat(whole), reply.chunk_bytes);
  const headers: Record<string, string | readonly string[]> = {
    ...(type !== undefined && { 'content-type': type }),
    ...(reply.gzip && { 'content-encoding': 'gzip' }),
    ...retryAfter(reply),
    ...(reply.redirect !== undefined && { location: reply.redirect }),
    ...reply.headers,
  };
  return {
    status: reply.status ?? (reply.redirect === undefined ? 200 : 307),
    headers,
    chunks: reply.gzip ? await compressed(chunks) : chunks,
    framing: reply.close_delimited ? 'close' : streamed ? 'chunked' : 'length',
  };
}

/** The bytes that a script means. */
export function bytesOf(value: MockBytes): Buffer {
  if (typeof value === 'string') return Buffer.from(value, 'utf8');
  return 'base64' in value ? Buffer.from(value.base64, 'base64') : Buffer.from(value);
}

interface EncodedBody {
  readonly type: string | undefined;
  readonly chunks: readonly Buffer[];
  readonly streamed: boolean;
}

function encodedBody(reply: MockReply): EncodedBody {
  if (reply.chunks !== undefined) {
    return { type: 'text/event-stream', chunks: reply.chunks.map(bytesOf), streamed: true };
  }
  if (reply.events !== undefined) {
    const done = reply.omit_done ? [] : ['[DONE]'];
    const chunks = [...reply.events, ...done].map(eventBytes);
    return { type: 'text/event-stream; charset=utf-8', chunks, streamed: true };
  }
  const [type, whole] = wholeBody(reply);
  return { type, chunks: whole.length > 0 ? [whole] : [], streamed: false };
}

function wholeBody(reply: MockReply): [string | undefined, Buffer] {
  if (reply.json !== undefined) return ['application/json', Buffer.from(JSON.stringify(reply.json))];
  if (reply.text !== undefined) return ['text/plain; charset=utf-8', Buffer.from(reply.text)];
  if (reply.bytes !== undefined) return ['application/octet-stream', bytesOf(reply.bytes)];
  return [undefined, Buffer.alloc(0)];
}

function eventBytes(event: unknown): Buffer {
  return Buffer.from(`data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`);
}

function slices(bytes: Buffer, length: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let start = 0; start < bytes.length; start += length) pieces.push(bytes.subarray(start, start + length));
  return pieces;
}

function retryAfter(reply: MockReply): Record<string, string> {
  if (reply.retry_after !== undefined) return { 'retry-after': String(reply.retry_after) };
  if (reply.retry_after_date === undefined) return {};
  const second = Math.ceil(Date.now() / 1000 + reply.retry_after_date);
  return { 'retry-after': new Date(second * 1000).toUTCString() };
}

/** Each chunk compressed by itself into one stream, so that a reader can read it as soon as it comes. */
async function compressed(chunks: readonly Buffer[]): Promise<Buffer[]> {
  if (chunks.length <= 1) return [gzipSync(chunks[0] ?? Buffer.alloc(0))];
  const stream = createGzip();
  const pieces: Buffer[] = [];
  let pending: Buffer[] = [];
  stream.on('data', (piece: Buffer) => pending.push(piece));
  for (const chunk of chunks) {
    stream.write(chunk);
    await new Promise<void>((resolve) => stream.flush(constants.Z_SYNC_FLUSH, () => resolve()));
    pieces.push(Buffer.concat(pending));
    pending = [];
  }
  await new Promise<void>((resolve) => stream.on('end', resolve).end());
  pieces.push(Buffer.concat(pending));
  return pieces.filter((piece) => piece.length > 0);
}
