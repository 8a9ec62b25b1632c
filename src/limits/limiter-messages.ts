import type { RateState, Rates } from './limiter.ts';

/** What a worker process says to the process that holds the limits. */
export type LimiterRequest =
  | {
      readonly type: 'limiter:reserve';
      readonly id: number;
      readonly subject: string;
      readonly rates: Rates;
      readonly tokens: number;
    }
  | { readonly type: 'limiter:peek'; readonly id: number; readonly subject: string; readonly rates: Rates }
  | { readonly type: 'limiter:settle'; readonly id: number; readonly tokens: number }
  | { readonly type: 'limiter:release'; readonly id: number };

/** The decision on a reservation; of what was only looked at, the state counts. */
export interface LimiterResponse {
  readonly type: 'limiter:decision';
  readonly id: number;
  readonly admitted: boolean;
  readonly limit: 'requests' | 'tokens' | undefined;
  readonly retryAfterMs: number;
  readonly state: RateState;
}

export function isLimiterRequest(message: unknown): message is LimiterRequest {
  return typeOf(message)?.startsWith('limiter:') === true && typeOf(message) !== 'limiter:decision';
}

export function isLimiterResponse(message: unknown): message is LimiterResponse {
  return typeOf(message) === 'limiter:decision';
}

function typeOf(message: unknown): string | undefined {
  const type = typeof message === 'object' && message !== null ? (message as { type?: unknown }).type : undefined;
  return typeof type === 'string' ? type : undefined;
}
