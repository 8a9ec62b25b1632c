import { GatewayError } from '../gateway-error.ts';
import type { Admission } from '../limits/governor.ts';
import type { LimitState } from '../limits/limit.ts';
import { formatDuration, rateLimitHeaders } from '../limits/rate-limit-headers.ts';
import type { Caller } from '../types/caller.ts';
import { callerRates } from './caller-rates.ts';
import { atSecond, countedOf, dollars, spanOf, whose } from './limit-words.ts';

export type Refusal = Extract<Admission, { admitted: false }>;

const once: readonly (readonly [string, string])[] = [['x-should-retry', 'false']];

/**
 * Why a caller's limits do not let a call through, with whose limit it is, how much of it is left and when it is free.
 * @param needed what the call would take of that limit
 */
export function callerRefusal(refusal: Refusal, needed: number, states: readonly LimitState[]): GatewayError {
  if (refusal.unavailable !== undefined) {
    return new GatewayError('backend_unavailable', refusal.unavailable, { retryAfterMs: refusal.retryAfterMs ?? 1000 });
  }
  const { limit } = refusal.refusedBy;
  return limit.resource === 'cost' ? budgetError(refusal, needed) : rateError(refusal, needed, states);
}

/** A budget that a call cannot be held against, since nobody knows what the call costs. */
export function unpriced(models: readonly string[], caller: Caller): GatewayError {
  const names = models.slice(0, 5).join(', ');
  const message = `"${caller.name}" has a budget, and the price of ${names} is not known, so that no call of it can be held against the budget; write prices into its backend.yaml, 0 where it costs nothing`;
  return new GatewayError('budget_exceeded', message, { headers: once });
}

function budgetError({ refusedBy, retryAfterMs }: Refusal, needed: number): GatewayError {
  const { limit, used, remaining, resetMs } = refusedBy;
  const resetsAt = resetMs === undefined ? undefined : atSecond(Date.now() + resetMs);
  const when =
    retryAfterMs === undefined && needed > limit.maximum
      ? 'more than the whole budget'
      : resetsAt === undefined
        ? 'it does not begin anew'
        : `it begins anew at ${resetsAt}`;
  const message = `the budget of ${dollars(limit.maximum)} ${spanOf(limit)} of ${whose(limit)} has too little left: ${dollars(used)} are used or reserved, ${dollars(remaining)} are left, and this request may cost ${dollars(needed)}; ${when}`;
  return new GatewayError('budget_exceeded', message, {
    headers: once,
    detail: detailOf('budget_exceeded', 'Budget exceeded', refusedBy, needed, { resets_at: resetsAt ?? null }),
  });
}

function rateError({ refusedBy, retryAfterMs }: Refusal, needed: number, states: readonly LimitState[]): GatewayError {
  const { limit, used, remaining } = refusedBy;
  const most = `the limit of ${limit.maximum} ${countedOf(limit)} of ${whose(limit)}`;
  const left = `${used} are used or reserved, ${remaining} are left, and this request needs ${needed}`;
  const isHopeless = retryAfterMs === undefined;
  const then = isHopeless
    ? 'more than there ever are; send a shorter prompt, or ask for less output (max_tokens)'
    : `try again in ${formatDuration(retryAfterMs)}`;
  const message = `${most} has too little left: ${left}; ${then}`;
  return new GatewayError('rate_limit_exceeded', message, {
    ...(isHopeless ? {} : { retryAfterMs }),
    headers: [...rateLimitHeaders(callerRates(states)), ...(isHopeless ? once : [])],
    detail: detailOf('rate_limit_exceeded', 'Rate limit exceeded', refusedBy, needed, {}),
  });
}

function detailOf(code: string, message: string, { limit, used, remaining }: LimitState, needed: number, more: object) {
  const { level, resource, period = null, maximum } = limit;
  const details = { level: level.kind, name: level.name, resource, period, limit: maximum, used, remaining, needed };
  return { code, message, details: { ...details, ...more } };
}
