import { GatewayError } from '../gateway-error.ts';
import type { Decision, Limiter } from '../limits/limiter.ts';
import { rateLimitHeaders } from '../limits/rate-limit-headers.ts';
import type { FittedCall } from '../types/call.ts';
import type { Candidate } from '../types/route.ts';
import type { Ticket } from '../types/ticket.ts';

const unlimited: Ticket = { reservation: undefined, state: undefined };

/**
 * Reserves what a call may take of its model's rates, in one step over all of them.
 * @throws GatewayError `rate_limit_exceeded`
 */
export function admit(call: FittedCall, candidate: Candidate, limiter: Limiter): Ticket | Promise<Ticket> {
  const limits = candidate.config?.limits;
  if (limits === undefined || (limits.requestsPerMinute === undefined && limits.tokensPerMinute === undefined)) {
    return unlimited;
  }
  const subject = rateSubject(candidate);
  const decision = limiter.reserve(subject, limits, reservedTokens(call, candidate));
  return decision instanceof Promise ? decision.then((made) => open(made, subject)) : open(decision, subject);
}

/** How the rates of a model stand, for a call that was refused before it could take anything. */
export async function standing(candidate: Candidate, limiter: Limiter): Promise<Ticket> {
  const limits = candidate.config?.limits;
  if (limits?.requestsPerMinute === undefined && limits?.tokensPerMinute === undefined) return unlimited;
  return { reservation: undefined, state: await limiter.peek(rateSubject(candidate), limits) };
}

function rateSubject(candidate: Candidate): string {
  return `${candidate.backend.config.name}:${candidate.model}`;
}

/** The prompt and the output expected from it; never more than the whole rate where nothing was asked for. */
export function reservedTokens(call: FittedCall, candidate: Candidate): number {
  const { tokensPerMinute, maxOutputTokens } = candidate.config?.limits ?? {};
  if (tokensPerMinute === undefined) return 0;
  const prompt = call.promptTokens ?? 0;
  if (!call.protocol.generates) return prompt;
  if (call.askedOutputTokens !== undefined) return prompt + call.choices * call.askedOutputTokens;
  const fallback = Number(call.defaults.find(([name]) => name.startsWith('max_'))?.[1] ?? maxOutputTokens ?? 0);
  return Math.min(prompt + call.choices * fallback, tokensPerMinute);
}

function open(decision: Decision, subject: string): Ticket {
  if (decision.admitted) return { reservation: decision.reservation, state: decision.state };
  const { limit, state } = decision;
  const gauge = limit === 'requests' ? state.requests : state.tokens;
  const seconds = Math.max(1, Math.ceil(decision.retryAfterMs / 1000));
  const message = `the limit of ${gauge?.limit} ${limit} per minute for ${subject} is used up; try again in ${seconds} s`;
  throw new GatewayError('rate_limit_exceeded', message, {
    retryAfterMs: decision.retryAfterMs,
    headers: rateLimitHeaders(state),
  });
}
