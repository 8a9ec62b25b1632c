import type { ErrorCode } from '../gateway-error.ts';
import type { Stop } from './stop.ts';
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
  /** Whether the backend reported the usage, or the gateway counted it; undefined: nobody wanted to know. */
  readonly usageSource?: 'reported' | 'counted' | 'none' | undefined;
  /** Nano-dollars over all upstream calls; undefined: a price is not known, or nobody wanted to know. */
  readonly cost?: number | undefined;
  /** What took several calls to answer; undefined: a plain call. */
  readonly approach?: ApproachRecord | undefined;
  /** Why the gateway ended its stream before the backend did; undefined: it did not. */
  readonly stopped?: Pick<Stop, 'why' | 'limit'> | undefined;
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

/** What an approach took that made the calls of one request, also where it failed or the client left. Plain data. */
export interface ApproachRecord {
  /** As it was asked for, such as `readurls&moa`. */
  readonly name: string;
  /** Upstream calls that were begun, also those that failed. */
  readonly calls: number;
  /** Who answered, in the order of their first answers. Calls without an answer are in none of them. */
  readonly models: readonly ModelRecord[];
  /** Which part of its budget ended it before its time; undefined: none did. */
  readonly stopped: 'deadline' | 'max_calls' | 'max_cost' | undefined;
  /** What it found out: votes, scores, what was chosen; numbers only, no texts. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** What one model of one backend took of a request's calls. */
export interface ModelRecord {
  readonly backend: string;
  readonly model: string;
  /** Those that it answered. */
  readonly calls: number;
  readonly usage: Usage;
  /** Nano-dollars; undefined where a price that is needed is not known. */
  readonly cost: number | undefined;
}
