import type { Readable } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { PageFailure } from './page.ts';

export interface ReadBody {
  readonly bytes: Buffer;
  /** The limit was reached before the end. */
  readonly truncated: boolean;
}

/**
 * Reads a body up to a limit, and no further: the limit holds for the bytes on the wire and for those that come out
 * of decompression, so neither a bomb nor an endless stream of nothing gets past it.
 * @param encoding the header `content-encoding`; none was asked for, but servers send what they like
 * @throws PageFailure `encoding`, `connection`
 */
export async function readBody(body: Readable, encoding: string, maximumBytes: number): Promise<ReadBody> {
  const decoder = decoderFor(encoding.trim().toLowerCase());
  if (!decoder) return collect(body, maximumBytes);
  let wireBytes = 0;
  let cutOnTheWire = false;
  // Written by hand and not with `pipe`, so that what was read before the limit is still decompressed.
  const feed = async () => {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      wireBytes += chunk.length;
      cutOnTheWire = wireBytes > maximumBytes;
      if (cutOnTheWire || decoder.destroyed) break;
      if (!decoder.write(chunk)) await nextRoom(decoder);
    }
    if (!decoder.destroyed) decoder.end();
  };
  const feeding = feed().catch((error: unknown) => void decoder.destroy(asFailure(error)));
  try {
    const { bytes, truncated } = await collect(decoder, maximumBytes);
    return { bytes, truncated: truncated || cutOnTheWire };
  } finally {
    decoder.destroy();
    body.destroy();
    await feeding;
  }
}

function decoderFor(encoding: string) {
  if (encoding === '' || encoding === 'identity') return undefined;
  // A body that was cut at the limit has no proper end; what there is of it still comes out.
  const unfinished = { finishFlush: constants.Z_SYNC_FLUSH };
  if (encoding === 'gzip' || encoding === 'x-gzip') return createGunzip(unfinished);
  if (encoding === 'deflate') return createInflate(unfinished);
  if (encoding === 'br') return createBrotliDecompress({ finishFlush: constants.BROTLI_OPERATION_FLUSH });
  throw new PageFailure('encoding', 'its compression is not known');
}

/** Waits until a stream takes more, or is gone. */
function nextRoom(stream: NodeJS.EventEmitter): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done).off('close', done);
      resolve();
    };
    stream.on('drain', done).on('close', done);
  });
}

async function collect(stream: Readable, maximumBytes: number): Promise<ReadBody> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > maximumBytes) break; // leaving the loop destroys the stream
    }
  } catch (error) {
    throw asFailure(error);
  }
  return { bytes: Buffer.concat(chunks).subarray(0, maximumBytes), truncated: length > maximumBytes };
}

function asFailure(error: unknown): PageFailure {
  if (error instanceof PageFailure) return error;
  const compressed = /^(Z_|ERR_(_ERROR|BROTLI))/.test(String((error as NodeJS.ErrnoException).code));
  if (compressed) return new PageFailure('encoding', 'its compression is broken', error);
  return new PageFailure('connection', 'the connection broke off', error);
}
