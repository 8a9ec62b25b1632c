import type { EventFilter } from './event-filter.ts';

/** How much of a stream without any output is held back. */
const maximumHoldBytes = 64 * 1024;

/** What is to become of a stream that is not handed on yet. */
export type StartVerdict =
  /** Its first output is there, or nothing more of it is held back. */
  | 'open'
  /** It goes on being held back. */
  | 'hold'
  /** An error came in place of its first output. */
  | 'failed'
  /** It ended well, though nothing was in it. */
  | 'empty'
  /** It ended, and not well. */
  | 'cut';

/** @param bytes what came so far */
export function judgeStart(filter: EventFilter, bytes: number): StartVerdict {
  if (filter.startError !== undefined) return 'failed';
  if (filter.sawOutput || bytes > maximumHoldBytes) return 'open';
  return filter.done ? 'empty' : 'hold';
}

/** The same for a stream of which nothing more comes. */
export function judgeEnd(filter: EventFilter): StartVerdict {
  if (filter.startError !== undefined) return 'failed';
  if (filter.sawOutput) return 'open';
  return filter.done || filter.sawFinish ? 'empty' : 'cut';
}
