import type { ErrorCode } from '../gateway-error.ts';
import type { CallWatch } from '../types/call-watch.ts';
import type { Candidate } from '../types/route.ts';
import type { TryRecord } from '../types/usage-record.ts';

/** So many tries are told of one call. */
const maximumRecords = 50;

/** One candidate that was tried, or passed over. */
export interface Try {
  readonly candidate: Candidate;
  /** Whether a request went out. */
  readonly isSent: boolean;
  /** Milliseconds of `performance.now()`. */
  readonly startedAt: number;
  /** 0: it still runs. */
  endedAt: number;
  /** Why it was left: an error's code, or `lost` where another was faster; undefined: it runs or it answered. */
  left: ErrorCode | 'lost' | undefined;
  /** The same in words, none of them a backend's; undefined where there are none. */
  why: string | undefined;
}

/** What became of the tries for one call, also when all failed. */
export class Attempts {
  /** Requests that were sent, or that were tried to be sent. */
  count = 0;
  /** The candidate that was tried last, or whose answer it is. */
  candidate: Candidate | undefined;
  /** What happened, in the order in which it began. */
  readonly tries: Try[] = [];
  /** Told of every try; undefined: nobody watches. */
  readonly watch: CallWatch | undefined;

  constructor(watch: CallWatch | undefined) {
    this.watch = watch;
  }

  /** A request goes out. */
  begin(candidate: Candidate): Try {
    this.count++;
    const begun = {
      candidate,
      isSent: true,
      startedAt: performance.now(),
      endedAt: 0,
      left: undefined,
      why: undefined,
    };
    this.tries.push(begun);
    return begun;
  }

  /** What happened at each candidate, in the order in which it began. */
  records(receivedAt: number): readonly TryRecord[] {
    return this.tries.slice(0, maximumRecords).map(({ candidate, isSent, left, why, startedAt, endedAt }) => ({
      backend: candidate.backend.config.name,
      model: candidate.model,
      sent: isSent,
      left,
      why,
      startedMs: startedAt - receivedAt,
      tookMs: Math.max(0, endedAt - startedAt),
    }));
  }

  /** A candidate is not asked. */
  passedOver(candidate: Candidate, left: ErrorCode, why: string): void {
    const at = performance.now();
    this.tries.push({ candidate, isSent: false, startedAt: at, endedAt: at, left, why });
  }
}
