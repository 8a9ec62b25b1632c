import type { ErrorCode } from '../gateway-error.ts';
import type { Usage } from './usage.ts';

/** What is known of a call when it is over. It holds nothing of the prompt or the answer. */
export interface UsageRecord {
  readonly id: string;
  readonly protocol: string;
  readonly caller: string;
  /** The name that the client asked for. */
  readonly asked: string;
  /** Undefined where no backend was chosen. */
  readonly backend: string | undefined;
  readonly model: string | undefined;
  readonly stream: boolean;
  /** The HTTP status; 499 where the client went away. */
  readonly status: number;
  readonly outcome: 'complete' | 'broken' | 'cancelled' | 'refused' | 'failed';
  readonly code: ErrorCode | undefined;
  /** Why it failed, without the words of a backend. */
  readonly error: string | undefined;
  readonly attempts: number;
  /** What happened at each candidate; undefined where the first try was the only one. */
  readonly tries: readonly TryRecord[] | undefined;
  /** How often the client's SDK has repeated this request already, where it says so. */
  readonly clientRetries: number | undefined;
  readonly usage: Usage | undefined;
  /** Milliseconds from receiving the request. */
  readonly firstByteMs: number | undefined;
  readonly totalMs: number;
}

/** One candidate that was tried or passed over. */
export interface TryRecord {
  readonly backend: string;
  readonly model: string;
  /** Whether a request went out. */
  readonly sent: boolean;
  /** Why it was left: an error's code, or `lost` where another was faster; undefined: its answer was taken. */
  readonly left: ErrorCode | 'lost' | undefined;
  /** In words, none of them a backend's. */
  readonly why: string | undefined;
  /** Milliseconds from receiving the request. */
  readonly startedMs: number;
  /** Milliseconds until the first output, or until it failed. */
  readonly tookMs: number;
}
