import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, bytesOf } from './compose-answer.ts';
import type { MockReply } from './mock-reply.ts';

/**
 * Sends the answer at the pace and with the failure that the reply says. Resolves when the server has done its part:
 * the answer is whole, broken off, or hanging until the client goes.
 * @param signal aborted when the client's socket is closed; then this rejects with an AbortError
 * @param onBreak called right before the connection is broken off on purpose
 */
export async function sendAnswer(
  answer: Answer,
  reply: MockReply,
  response: ServerResponse,
  signal: AbortSignal,
  onBreak: () => void,
): Promise<void> {
  if (reply.delay_ms) await sleep(reply.delay_ms, undefined, { signal });
  signal.throwIfAborted();
  const { socket } = response;
  if (reply.hang || socket === null) return;
  const cutAt = stopPlace(answer, reply.cut_after_chunks, reply.cut_after_bytes);
  if (reply.raw !== undefined || (reply.reset && cutAt === undefined)) {
    onBreak();
    if (reply.raw === undefined) socket.resetAndDestroy();
    else socket.end(bytesOf(reply.raw), () => socket.destroy());
    return;
  }
  writeHead(answer, response);
  const stopAt = cutAt ?? stopPlace(answer, reply.hang_after_chunks, undefined);
  if (reply.first_byte_delay_ms || stopAt === 0) response.flushHeaders();
  if (reply.first_byte_delay_ms) await sleep(reply.first_byte_delay_ms, undefined, { signal });
  await writeChunks(piecesUpTo(answer.chunks, stopAt), answer, reply, response, signal);
  if (stopAt === undefined) response.end();
  if (cutAt === undefined) return;
  await flushed(socket);
  onBreak();
  if (reply.reset) socket.resetAndDestroy();
  else socket.destroy();
}

function writeHead(answer: Answer, response: ServerResponse): void {
  response.statusCode = answer.status;
  for (const [name, value] of Object.entries(answer.headers)) {
    response.setHeader(name, typeof value === 'string' ? value : [...value]);
  }
  if (answer.framing === 'close') {
    response.useChunkedEncodingByDefault = false;
  } else if (answer.framing === 'length' && !response.hasHeader('content-length')) {
    response.setHeader(
      'content-length',
      answer.chunks.reduce((sum, chunk) => sum + chunk.length, 0),
    );
  }
}

/**
 * After how many bytes of the body nothing more comes; undefined: it comes whole.
 * The last byte of a body with a length is kept back, as the client would otherwise see a whole answer.
 */
function stopPlace(answer: Answer, chunks: number | undefined, bytes: number | undefined): number | undefined {
  if (chunks === undefined && bytes === undefined) return undefined;
  const whole = answer.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const asked = bytes ?? answer.chunks.slice(0, chunks).reduce((sum, chunk) => sum + chunk.length, 0);
  return Math.min(asked, answer.framing === 'chunked' ? whole : Math.max(0, whole - 1));
}

function piecesUpTo(chunks: readonly Buffer[], end: number | undefined): readonly Buffer[] {
  if (end === undefined) return chunks;
  const pieces: Buffer[] = [];
  let rest = end;
  for (const chunk of chunks) {
    if (rest <= 0) break;
    pieces.push(chunk.subarray(0, rest));
    rest -= chunk.length;
  }
  return pieces;
}

async function writeChunks(
  chunks: readonly Buffer[],
  { pauses }: Answer,
  reply: MockReply,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  for (const [index, chunk] of chunks.entries()) {
    const pause = pauses?.[index] ?? (index > 0 ? reply.chunk_delay_ms : 0);
    if (pause) await sleep(pause, undefined, { signal });
    signal.throwIfAborted();
    if (!response.write(chunk)) await once(response, 'drain', { signal });
  }
}

/** Resolves when all that was written has gone to the kernel: `destroy` would drop the rest. */
async function flushed(socket: Socket): Promise<void> {
  // The response hands its chunks to the socket at the end of the tick.
  await new Promise<void>((resolve) => setImmediate(resolve));
  await new Promise<void>((resolve) => socket.write('', () => resolve()));
}
