import { TransportError, type UpstreamHeaders } from '../transport.ts';
import { parseHead, type ResponseHead } from './response-head.ts';

/** Bytes of a head, or of the trailers, beyond which an answer is given up. */
const longestHead = 16_384;
/** Bytes of the line that begins a chunk; extensions stand there, which nobody uses. */
const longestSizeLine = 1024;
const headEnd = Buffer.from('\r\n\r\n');
const lineEnd = Buffer.from('\r\n');

/** Told what an answer is made of, in order. */
export interface ResponseSink {
  head(status: number, headers: UpstreamHeaders): void;
  /** A piece of the body, which is a part of what was pushed. */
  body(piece: Buffer): void;
}

type State = 'head' | 'length' | 'to-end' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailers' | 'done';

/**
 * Reads one HTTP/1.1 answer after another as RFC 9112 has it, and takes nothing that could be read in two ways: what a
 * strict reader refuses is a failure of the backend.
 */
export class ResponseParser {
  /** Whether the connection may carry another request, once the answer is whole. */
  keepsAlive = false;
  /** Milliseconds for which the backend keeps an idle connection, as far as it said. */
  idleMs: number | undefined;
  #state: State = 'head';
  /** Bytes of the body, or of the chunk, that are still to come. */
  #left = 0;
  /** The beginning of a head or a line whose end has not come yet. */
  #rest: Buffer | undefined;
  readonly #sink: ResponseSink;

  constructor(sink: ResponseSink) {
    this.#sink = sink;
  }

  /** Whether the answer is whole. */
  get isDone(): boolean {
    return this.#state === 'done';
  }

  /** Makes ready for the next answer. */
  reset(): void {
    this.#state = 'head';
    this.#rest = undefined;
  }

  /** @throws TransportError `protocol` */
  push(chunk: Buffer): void {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = undefined;
    let at = 0;
    while (at < bytes.length && this.#state !== 'done') {
      const next = this.#step(bytes, at);
      if (next < 0) {
        this.#rest = at === 0 ? bytes : bytes.subarray(at);
        return;
      }
      at = next;
    }
    if (at < bytes.length) this.keepsAlive = false; // more than was asked for: who knows what of
  }

  /** The backend closed the connection; tells whether the answer is whole by that. */
  finish(): boolean {
    if (this.#state === 'to-end') this.#state = 'done';
    return this.#state === 'done';
  }

  /** Reads on from a place; gives the next one, or -1 where more bytes are needed. */
  #step(bytes: Buffer, at: number): number {
    switch (this.#state) {
      case 'head':
        return this.#head(bytes, at);
      case 'chunk-size':
        return this.#chunkSize(bytes, at);
      case 'chunk-end':
        return this.#chunkEnd(bytes, at);
      case 'trailers':
        return this.#trailers(bytes, at);
      case 'to-end':
        this.#sink.body(at === 0 ? bytes : bytes.subarray(at));
        return bytes.length;
      default:
        return this.#body(bytes, at);
    }
  }

  #head(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(headEnd, at);
    if (end < 0 ? bytes.length - at > longestHead : end - at > longestHead)
      throw new TransportError('protocol', 'the answer has too large headers');
    if (end < 0) return -1;
    const head = parseHead(bytes.toString('latin1', at, end));
    const next = end + headEnd.length;
    if (head.status < 200) return next; // an interim answer: the true one follows
    this.keepsAlive = head.keepsAlive;
    this.idleMs = head.idleMs;
    this.#state = this.#bodyState(head);
    this.#sink.head(head.status, head.headers);
    return next;
  }

  #bodyState({ status, isChunked, length }: ResponseHead): State {
    if (status === 204 || status === 304) return 'done';
    if (isChunked) return 'chunk-size';
    if (length === 0) return 'done';
    if (length !== undefined) {
      this.#left = length;
      return 'length';
    }
    this.keepsAlive = false;
    return 'to-end';
  }

  #body(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#left);
    this.#left -= end - at;
    this.#sink.body(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end));
    if (this.#left === 0) this.#state = this.#state === 'chunk' ? 'chunk-end' : 'done';
    return end;
  }

  #chunkSize(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(lineEnd, at);
    if ((end < 0 ? bytes.length : end) - at > longestSizeLine)
      throw new TransportError('protocol', 'the answer has a chunk without a size');
    if (end < 0) return -1;
    const size = readChunkSize(bytes, at, end);
    this.#left = size;
    this.#state = size === 0 ? 'trailers' : 'chunk';
    return end + lineEnd.length;
  }

  #chunkEnd(bytes: Buffer, at: number): number {
    if (bytes.length - at < lineEnd.length) return -1;
    if (bytes[at] !== 0x0d || bytes[at + 1] !== 0x0a)
      throw new TransportError('protocol', 'the answer has a chunk that is longer than its size');
    this.#state = 'chunk-size';
    return at + lineEnd.length;
  }

  /** They are read over; the empty line ends them. */
  #trailers(bytes: Buffer, at: number): number {
    if (bytes[at] === 0x0d && bytes[at + 1] === 0x0a) {
      this.#state = 'done';
      return at + lineEnd.length;
    }
    const end = bytes.indexOf(headEnd, at);
    if ((end < 0 ? bytes.length : end) - at > longestHead)
      throw new TransportError('protocol', 'the answer has too large trailers');
    if (end < 0) return -1;
    this.#state = 'done';
    return end + headEnd.length;
  }
}

/** Hexadecimal digits, then perhaps white space and extensions, which mean nothing to us. */
function readChunkSize(bytes: Buffer, from: number, end: number): number {
  let size = 0;
  let at = from;
  for (; at < end; at++) {
    const digit = hexDigit(bytes[at] as number);
    if (digit < 0) break;
    size = size * 16 + digit;
  }
  const isEnded = at === end || bytes[at] === 0x3b || bytes[at] === 0x20 || bytes[at] === 0x09;
  if (at === from || at - from > 12 || !isEnded)
    throw new TransportError('protocol', 'the answer has a chunk without a size');
  return size;
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
