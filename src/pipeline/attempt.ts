import { setTimeout as sleep } from 'node:timers/promises';
import { type BackendReply, type BackendRequest, UpstreamFailure } from '../backends/backend.ts';
import { encodeBody } from '../backends/encode-body.ts';
import { GatewayError } from '../gateway-error.ts';
import type { Answer } from '../types/answer.ts';
import type { FittedCall } from '../types/call.ts';
import type { AttemptWatch, CallWatch } from '../types/call-watch.ts';
import type { Candidate, Route } from '../types/route.ts';
import { passedHeaders } from './passed-headers.ts';

/** What became of the tries for one call, also when all failed. */
export interface Attempts {
  /** Requests that were sent, or that were tried to be sent. */
  count: number;
  /** Whether a backend may have received any of them. */
  reached: boolean;
  /** The candidate that was tried last. */
  candidate: Candidate | undefined;
  /** Told of every try; undefined: nobody watches. */
  readonly watch: CallWatch | undefined;
}

/** The longest that is waited before a retry; a backend that asks for more gets its answer passed on at once. */
const longestWaitMs = 30_000;
const shortestLoadingWaitMs = 500;
const longestLoadingWaitMs = 2000;

/**
 * Asks the candidates in order until one answers, each with its backend's own retries.
 * @throws GatewayError of the last try
 */
export async function attempt(
  call: FittedCall,
  route: Route,
  candidates: Iterable<Candidate>,
  attempts: Attempts,
): Promise<Answer> {
  let failure: UpstreamFailure | undefined;
  for (const candidate of candidates) {
    attempts.candidate = candidate;
    try {
      const reply = await askOne(call, route, candidate, attempts);
      return toAnswer(reply, candidate, attempts.count);
    } catch (error) {
      if (!(error instanceof UpstreamFailure)) throw error;
      failure = error;
      if (call.signal.aborted || failure.retry === 'never') break;
    }
  }
  throw failure ? lastError(failure, attempts) : new GatewayError('backend_unavailable', 'no backend is left to ask');
}

async function askOne(call: FittedCall, route: Route, candidate: Candidate, attempts: Attempts): Promise<BackendReply> {
  const { backend } = candidate;
  const request: BackendRequest = {
    path: call.protocol.path,
    body: encodeBody(call, candidate.model),
    headers: call.forwardHeaders,
    stream: call.stream,
    rules: {
      answerModel: route.answerModel,
      withholdUsage: call.stream && !call.wantsUsage,
      keepText: candidate.config?.limits.tokensPerMinute !== undefined,
    },
    signal: call.signal,
  };
  const wait = new RetryWait(backend.config);
  for (;;) {
    attempts.count++;
    const watch = attempts.watch && watchTry(attempts.watch, candidate, call);
    try {
      const reply = await backend.send(watch === undefined ? request : { ...request, headers: watch.headers, watch });
      attempts.reached = true;
      return reply;
    } catch (failure) {
      if (!(failure instanceof UpstreamFailure)) throw failure;
      watch?.failed(failure.error.code);
      attempts.reached ||= failure.reached;
      // A backend that is not configured was not even tried.
      if (!failure.reached && failure.error.code === 'backend_unavailable') attempts.count--;
      const waitMs = call.signal.aborted ? undefined : wait.next(failure);
      if (waitMs === undefined || isTooLate(call, waitMs)) throw withRetryAfter(failure, wait);
      await pause(waitMs, call.signal);
    }
  }
}

function watchTry(watch: CallWatch, { backend, model }: Candidate, call: FittedCall): AttemptWatch {
  const { name, type, baseUrl } = backend.config;
  return watch.attempt({ backend: name, type, baseUrl, model }, call.forwardHeaders);
}

function isTooLate(call: FittedCall, waitMs: number): boolean {
  return call.deadlineAt !== undefined && performance.now() + waitMs >= call.deadlineAt;
}

/** How long to wait before each further try, and when to give up. */
class RetryWait {
  readonly #settings: { maxRetries: number; retryDelayMs: number; loadingWaitMs: number };
  #retries = 0;
  #loadingSince: number | undefined;

  constructor(settings: { maxRetries: number; retryDelayMs: number; loadingWaitMs: number }) {
    this.#settings = settings;
  }

  /** Milliseconds, or undefined: not again. */
  next(failure: UpstreamFailure): number | undefined {
    if (failure.retry === 'never' || failure.retry === 'elsewhere') return undefined;
    if (failure.retry === 'loading') return this.#nextWhileLoading(failure.hintMs);
    if (this.#retries >= this.#settings.maxRetries) return undefined;
    if ((failure.hintMs ?? 0) > longestWaitMs) return undefined;
    const waitMs = Math.max(this.backoffMs(), failure.hintMs ?? 0);
    this.#retries++;
    return waitMs;
  }

  /** The wait of the next retry, if there were one. */
  backoffMs(): number {
    const factor = 0.75 + Math.random() * 0.5;
    return Math.min(longestWaitMs, this.#settings.retryDelayMs * 2 ** this.#retries * factor);
  }

  #nextWhileLoading(hintMs: number | undefined): number | undefined {
    const now = performance.now();
    this.#loadingSince ??= now;
    const left = this.#loadingSince + this.#settings.loadingWaitMs - now;
    if (left <= 0) return undefined;
    const wanted = Math.min(longestLoadingWaitMs, Math.max(shortestLoadingWaitMs, hintMs ?? shortestLoadingWaitMs));
    return Math.min(left, hintMs !== undefined && hintMs > wanted ? hintMs : wanted);
  }
}

/** A 429 always says when to come again: what the backend said, else our own next wait. */
function withRetryAfter(failure: UpstreamFailure, wait: RetryWait): UpstreamFailure {
  const { error, hintMs } = failure;
  const retryAfterMs = hintMs ?? (error.code === 'rate_limit_exceeded' ? wait.backoffMs() : undefined);
  if (retryAfterMs === undefined) return failure;
  return new UpstreamFailure(error.with({ retryAfterMs }), failure);
}

function lastError(failure: UpstreamFailure, attempts: Attempts): GatewayError {
  const error = withModel(failure.error, attempts.candidate?.model);
  const saysNo = failure.retry === 'elsewhere';
  if ((attempts.count <= 1 && !saysNo) || error.headers.some(([name]) => name === 'x-should-retry')) return error;
  // We have retried ourselves, or whoever is behind the backend has.
  return error.with({ headers: [...error.headers, ['x-should-retry', 'false']] });
}

/** A limit that a backend reported is one of the model that was asked there, unless it names another itself. */
function withModel(error: GatewayError, model: string | undefined): GatewayError {
  if (error.code !== 'context_length_exceeded') return error;
  const detail = error.detail as { readonly details?: { readonly model: string | null } } | undefined;
  return error.with({ detail: { ...detail, details: { ...detail?.details, model: detail?.details?.model ?? model } } });
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(milliseconds, undefined, { signal });
  } catch {
    throw new GatewayError('client_closed_request', 'the client went away');
  }
}

function toAnswer(reply: BackendReply, candidate: Candidate, attempts: number): Answer {
  return {
    status: reply.status,
    headers: passedHeaders(reply.headers, candidate.config),
    body: reply.body,
    backend: candidate.backend.config.name,
    model: candidate.model,
    attempts,
    firstByteAt: reply.firstByteAt,
    finished: reply.finished,
  };
}
