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
  /** How often the client's SDK has repeated this request already, where it says so. */
  readonly clientRetries: number | undefined;
  readonly usage: Usage | undefined;
  /** Milliseconds from receiving the request. */
  readonly firstByteMs: number | undefined;
  readonly totalMs: number;
}
