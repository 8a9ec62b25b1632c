import type { Answer } from './compose-answer.ts';
import type { MockReply } from './mock-reply.ts';
import { type RecordedAttempt, recordedBytes } from './replay-line.ts';
import type { Response } from './responder.ts';

/** Of one connection, not of the answer. */
const ofConnection: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'transfer-encoding']);

/**
 * A recorded answer as it goes on the wire again: its bytes in its pieces, and its end, good or bad.
 * @param speed how many times faster than it was; 0: as fast as it goes
 */
export function replayedAnswer(attempt: RecordedAttempt, speed: number): Response {
  const { answer } = attempt;
  if (answer === undefined) return { reply: withoutHead(attempt.end), answer: emptyAnswer };
  const whole = recordedBytes(answer) ?? Buffer.alloc(0);
  const chunks = split(whole, answer.chunks?.map(([, size]) => size) ?? []);
  const isBroken = breaksOff(attempt.end, answer, whole.length);
  const pauses = speed > 0 ? pausesOf(attempt, speed) : undefined;
  return {
    reply: {
      ...(speed > 0 ? { delay_ms: Math.max(0, (answer.ms - attempt.ms) / speed) } : {}),
      ...(isBroken ? brokenAfter(attempt.end, chunks.length) : {}),
    },
    answer: {
      status: answer.status,
      headers: headersOf(answer.headers, isBroken),
      chunks,
      framing: framingOf(answer.headers, isBroken),
      ...(pauses === undefined ? {} : { pauses }),
    },
  };
}

const emptyAnswer: Answer = { status: 200, headers: {}, chunks: [], framing: 'length' };

/** Whether the answer did not come whole, or is not recorded whole. */
function breaksOff(end: string, answer: NonNullable<RecordedAttempt['answer']>, bytes: number): boolean {
  if (answer.cut !== undefined || answer.withheld === true) return true;
  if (end === 'open') return Number(answer.headers['content-length'] ?? 0) > bytes;
  return end !== 'whole';
}

function withoutHead(end: string): MockReply {
  return end === 'timeout' || end === 'open' ? { hang: true } : { reset: true };
}

function brokenAfter(end: string, chunks: number): MockReply {
  return end === 'timeout' ? { hang_after_chunks: chunks } : { cut_after_chunks: chunks };
}

function framingOf(headers: RecordedHeaders, isBroken: boolean): Answer['framing'] {
  // What breaks off keeps its announced length, or its chunks without a last one.
  if (isBroken || headers['transfer-encoding'] !== undefined) return 'chunked';
  return headers['content-length'] === undefined ? 'close' : 'length';
}

type RecordedHeaders = Readonly<Record<string, string | string[]>>;

/** What breaks off keeps the length that it announced; else the length is that of the bytes that are here. */
function headersOf(headers: RecordedHeaders, isBroken: boolean): Answer['headers'] {
  const kept = Object.entries(headers).filter(
    ([name]) => !ofConnection.has(name) && (isBroken || name !== 'content-length'),
  );
  return Object.fromEntries(kept);
}

/** The pieces that came; what they do not account for is one more. */
function split(whole: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const size of [...sizes, whole.length]) {
    const piece = whole.subarray(at, at + size);
    if (piece.length > 0) pieces.push(piece);
    at += piece.length;
  }
  return pieces;
}

function pausesOf({ answer }: RecordedAttempt, speed: number): number[] {
  let before = answer?.ms ?? 0;
  return (answer?.chunks ?? []).map(([time]) => {
    const pause = Math.max(0, (time - before) / speed);
    before = time;
    return pause;
  });
}
