import type { UpstreamFailure } from '../backends/backend.ts';
import { type ErrorCode, GatewayError } from '../gateway-error.ts';
import type { Answer } from '../types/answer.ts';
import type { AskContext } from './ask-context.ts';
import type { AttemptPlan } from './attempt-plan.ts';
import { type CandidateRun, toFailure } from './candidate-run.ts';

/** Of several failures the client is told the one that says most: the higher, the more. */
const usefulness: Partial<Record<ErrorCode, number>> = {
  context_length_exceeded: 9,
  output_limit_exceeded: 9,
  invalid_request: 8,
  request_too_large: 8,
  rate_limit_exceeded: 7,
  upstream_auth_failed: 6,
  not_found: 5,
  upstream_error: 4,
  overloaded: 3,
  upstream_timeout: 2,
  upstream_unreachable: 1,
};

/** An answer and the candidate that gave it. */
export interface Answered {
  readonly run: CandidateRun;
  readonly answer: Answer;
}

/**
 * A try at a candidate failed.
 * @throws GatewayError where no other try can help
 */
export function failedAt(run: CandidateRun, thrown: unknown, plan: AttemptPlan, context: AskContext): void {
  const failure = toFailure(thrown);
  plan.failed(run, failure);
  if (context.call.signal.aborted || failure.fault === 'client') throw errorOf(run, failure, context);
}

/**
 * No candidate gave an answer with any output. One without is better than none.
 * @throws GatewayError
 */
export function giveUp({ runs }: AttemptPlan, context: AskContext): Answered {
  for (const run of runs) {
    const reply = run.failure?.emptyReply;
    if (reply !== undefined) return { run, answer: run.answer(reply) };
  }
  throw finalError(runs, context);
}

/** The error of a call that no candidate answered. */
function finalError(runs: readonly CandidateRun[], context: AskContext): GatewayError {
  let best: CandidateRun | undefined;
  for (const run of runs) {
    if (run.failure === undefined) continue;
    if (best?.failure === undefined || saysMore(run.failure, best.failure)) best = run;
  }
  return best?.failure === undefined ? nobody(context) : errorOf(best, best.failure, context);
}

/** A failure of one candidate as the client is told it. */
function errorOf(run: CandidateRun, failure: UpstreamFailure, context: AskContext): GatewayError {
  const { attempts, route } = context;
  const error = withModel(withRetryAfter(failure, run), run.candidate.model);
  const told = route.candidates.length > 1 ? error.with({ attempts: listTries(context) }) : error;
  const isRepeated = attempts.count > 1 || failure.retry === 'elsewhere';
  if (!isRepeated || told.headers.some(([name]) => name === 'x-should-retry')) return told;
  // We have retried ourselves, or whoever is behind the backend has.
  return told.with({ headers: [...told.headers, ['x-should-retry', 'false']] });
}

function saysMore({ error }: UpstreamFailure, { error: other }: UpstreamFailure): boolean {
  const more = (usefulness[error.code] ?? 0) - (usefulness[other.code] ?? 0);
  if (more !== 0) return more > 0;
  if (error.code === 'rate_limit_exceeded') return (error.retryAfterMs ?? 0) < (other.retryAfterMs ?? 0);
  return limitOf(error) > limitOf(other);
}

/** The limit that a call is over; the largest of them is what it has to fit. */
function limitOf({ detail }: GatewayError): number {
  const { details } = (detail ?? {}) as { details?: { limit?: unknown } | null };
  return typeof details?.limit === 'number' ? details.limit : 0;
}

/** A 429 always says when to come again: what the backend said, else our own next wait. */
function withRetryAfter({ error, hintMs }: UpstreamFailure, { wait }: CandidateRun): GatewayError {
  if (error.retryAfterMs !== undefined && hintMs === undefined) return error;
  const retryAfterMs = hintMs ?? (error.code === 'rate_limit_exceeded' ? wait.backoffMs() : undefined);
  return retryAfterMs === undefined ? error : error.with({ retryAfterMs });
}

/** A limit that a backend reported is one of the model that was asked there, unless it names another itself. */
function withModel(error: GatewayError, model: string): GatewayError {
  if (error.code !== 'context_length_exceeded') return error;
  const detail = error.detail as { readonly details?: { readonly model: string | null } } | undefined;
  return error.with({ detail: { ...detail, details: { ...detail?.details, model: detail?.details?.model ?? model } } });
}

/** What happened at each candidate, without any words of theirs. */
function listTries({ attempts, call }: AskContext): object[] {
  return attempts.records(call.receivedAt).map(({ backend, model, sent, left, why, startedMs, tookMs }) => ({
    backend,
    model: model.slice(0, 256),
    sent,
    code: left ?? null,
    reason: why ?? null,
    started_ms: Math.round(startedMs),
    took_ms: Math.round(tookMs),
  }));
}

/** No candidate takes such a request at all. */
function nobody(context: AskContext): GatewayError {
  const { route, attempts } = context;
  const reasons = attempts.tries
    .map(({ candidate, why }) => `${candidate.backend.config.name}:${candidate.model} (${why ?? 'not asked'})`)
    .slice(0, 20);
  if (reasons.length === 0) return new GatewayError('upstream_timeout', 'the time for this call is over');
  const message = `no candidate of the route "${route.name}" takes this request: ${reasons.join('; ')}`;
  return new GatewayError('invalid_request', message, { param: 'model' });
}
