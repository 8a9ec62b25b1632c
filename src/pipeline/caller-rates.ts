import type { LimitState } from '../limits/limit.ts';
import type { RateGauge, RateState } from '../limits/limiter.ts';

/** The tightest limits of requests and of tokens among those of a caller, for the headers. */
export function callerRates(states: readonly LimitState[]): RateState {
  let requests: RateGauge | undefined;
  let tokens: RateGauge | undefined;
  for (const { limit, remaining, resetMs = 0 } of states) {
    if (limit.resource === 'requests') requests = tighter(requests, { limit: limit.maximum, remaining, resetMs });
    else if (limit.resource === 'tokens') tokens = tighter(tokens, { limit: limit.maximum, remaining, resetMs });
  }
  return { requests, tokens };
}

/** Of a caller's rates and those of the model the tighter ones. */
export function tightestRates(one: RateState | undefined, other: RateState | undefined): RateState | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return { requests: tighter(one.requests, other.requests), tokens: tighter(one.tokens, other.tokens) };
}

/** The one with less left; of two with as much left the one that waits longer. */
function tighter(one: RateGauge | undefined, other: RateGauge | undefined): RateGauge | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  if (one.remaining !== other.remaining) return one.remaining < other.remaining ? one : other;
  return one.resetMs >= other.resetMs ? one : other;
}
