import type { Quota } from '../types/quota.ts';
import { isExhausted } from './fault.ts';
import { readQuota, untilFree } from './read-quota.ts';
import { readRetryHint } from './retry-hint.ts';
import type { UpstreamHeaders } from './transport.ts';
import type { UpstreamErrorBody } from './upstream-error-body.ts';
import { readRetryDelay, readWaitPhrase } from './wait-phrase.ts';

/** How long a key rests whose credit is used up, where nothing says more: somebody has to pay first. */
export const exhaustedRestMs = 10 * 60 * 1000;

/**
 * How long a backend that refused a request asks to wait, in milliseconds and at most a day. Any answer may say so in
 * `Retry-After`; one that speaks of a used-up limit also in its body and in the headers of its limits.
 */
export function readWaitHint(
  status: number,
  headers: UpstreamHeaders,
  said: UpstreamErrorBody,
  quota: Quota | undefined,
): number | undefined {
  const asked = readRetryHint(headers);
  const exhausted = isExhausted(status, said);
  if (asked !== undefined || (status !== 429 && !exhausted)) return asked;
  // A reset says when a limit is full, which is later than when the next request fits: the words come first.
  const inWords = readRetryDelay(said.error) ?? readWaitPhrase(said.message);
  if (inWords !== undefined) return inWords;
  return exhausted ? exhaustedRestMs : (untilFree(quota) ?? untilFree(quotaInBody(said.error)));
}

/** OpenRouter repeats the headers of the limit in the error's `metadata`. */
function quotaInBody(error: UpstreamErrorBody['error']): Quota | undefined {
  const headers = (error?.metadata as { headers?: unknown } | null | undefined)?.headers;
  if (typeof headers !== 'object' || headers === null) return undefined;
  const entries = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)] as const);
  return readQuota(Object.fromEntries(entries));
}
