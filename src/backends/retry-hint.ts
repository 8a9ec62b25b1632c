import { bounded } from './reset-time.ts';
import type { UpstreamHeaders } from './transport.ts';

/**
 * How long a backend asks to wait, in milliseconds and at most a day: `retry-after-ms`, else `Retry-After` in seconds or
 * as an HTTP date (RFC 9110, 10.2.3). Undefined where it does not say, or says something unreadable.
 */
export function readRetryHint(headers: UpstreamHeaders, now: number = Date.now()): number | undefined {
  const milliseconds = Number(single(headers['retry-after-ms']) || Number.NaN);
  if (Number.isFinite(milliseconds) && milliseconds >= 0) return bounded(milliseconds);
  const text = single(headers['retry-after'])?.trim();
  if (!text) return undefined;
  const seconds = Number(text);
  if (Number.isFinite(seconds)) return seconds >= 0 ? bounded(seconds * 1000) : undefined;
  return bounded(Date.parse(text) - now);
}

/** The first value of a header. */
export function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
