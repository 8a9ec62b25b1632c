import type { Quota } from '../types/quota.ts';
import { readResetTime } from './reset-time.ts';
import { single } from './retry-hint.ts';
import type { UpstreamHeaders } from './transport.ts';

/** The headers of one limit under each vendor's names, what is left and when it is full again. */
type Names = readonly (readonly [remaining: string, reset: string])[];

const requestNames: Names = [
  ['x-ratelimit-remaining-requests', 'x-ratelimit-reset-requests'],
  ['anthropic-ratelimit-requests-remaining', 'anthropic-ratelimit-requests-reset'],
  ['x-ratelimit-remaining', 'x-ratelimit-reset'],
  ['x-ratelimit-remaining-req-minute', 'x-ratelimit-reset-req-minute'],
  ['x-ratelimit-remaining-requests-day', 'x-ratelimit-reset-requests-day'],
];
const tokenNames: Names = [
  ['x-ratelimit-remaining-tokens', 'x-ratelimit-reset-tokens'],
  ['anthropic-ratelimit-tokens-remaining', 'anthropic-ratelimit-tokens-reset'],
  ['anthropic-ratelimit-input-tokens-remaining', 'anthropic-ratelimit-input-tokens-reset'],
  ['x-ratelimit-remaining-tokens-minute', 'x-ratelimit-reset-tokens-minute'],
];

/**
 * What a backend says is left of the limits of a key, in its own headers or in OpenAI's; undefined where none of them
 * is there. A value that cannot be read counts as not said.
 */
export function readQuota(headers: UpstreamHeaders, now: number = Date.now()): Quota | undefined {
  const requests = find(headers, requestNames);
  const tokens = find(headers, tokenNames);
  if (requests === undefined && tokens === undefined) return undefined;
  const quota = {
    remainingRequests: remaining(headers, requests),
    remainingTokens: remaining(headers, tokens),
    requestsResetMs: reset(headers, requests, now),
    tokensResetMs: reset(headers, tokens, now),
  };
  return Object.values(quota).every((value) => value === undefined) ? undefined : quota;
}

/** Until the limit that is used up is free again; where none is said to be, until the first of them is full. */
export function untilFree(quota: Quota | undefined): number | undefined {
  if (quota === undefined) return undefined;
  const { remainingRequests, remainingTokens, requestsResetMs, tokensResetMs } = quota;
  const used = [
    remainingRequests === 0 ? requestsResetMs : undefined,
    remainingTokens === 0 ? tokensResetMs : undefined,
  ].filter((value) => value !== undefined);
  if (used.length > 0) return Math.max(...used);
  const all = [requestsResetMs, tokensResetMs].filter((value) => value !== undefined);
  return all.length === 0 ? undefined : Math.min(...all);
}

function find(headers: UpstreamHeaders, names: Names): Names[number] | undefined {
  for (const pair of names) if (headers[pair[0]] !== undefined || headers[pair[1]] !== undefined) return pair;
  return undefined;
}

function remaining(headers: UpstreamHeaders, pair: Names[number] | undefined): number | undefined {
  const text = pair && single(headers[pair[0]])?.trim();
  if (text === undefined || !/^-?\d+(?:\.\d+)?$/.test(text)) return undefined;
  return Math.max(0, Number(text));
}

function reset(headers: UpstreamHeaders, pair: Names[number] | undefined, now: number): number | undefined {
  const text = pair && single(headers[pair[1]]);
  return text === undefined ? undefined : readResetTime(text, now);
}
