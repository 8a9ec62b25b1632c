import { type BackendReply, type BackendRequest, UpstreamFailure } from '../backends/backend.ts';
import { encodeBody } from '../backends/encode-body.ts';
import type { FittedCall } from '../types/call.ts';
import type { AttemptWatch, CallWatch } from '../types/call-watch.ts';
import type { Candidate } from '../types/route.ts';
import { reservedTokens } from './admit.ts';
import type { AskContext } from './ask-context.ts';
import type { Try } from './attempts.ts';
import type { CandidateRun } from './candidate-run.ts';
import { takeKey } from './take-key.ts';

/**
 * Sends a call to one candidate, with one key after the other for as long as it is the key that fails.
 * @throws UpstreamFailure
 */
export async function sendWithKeys(call: FittedCall, run: CandidateRun, context: AskContext): Promise<BackendReply> {
  const { candidate } = run;
  const { keys, model } = candidate;
  const body = encodeBody(call, model);
  const tokens = keys.keys.length > 1 ? reservedTokens(call, candidate) : 0;
  let failure: UpstreamFailure | undefined;
  let spent: Set<number> | undefined;
  for (;;) {
    const { affinity, ports } = context;
    const need = { candidate, limiter: ports.limiter, affinity, tokens, spent, failure, signal: call.signal };
    const taking = takeKey(need);
    const taken = taking instanceof Promise ? await taking : taking;
    try {
      const reply = await sendOnce(requestOf(call, body, taken.key, candidate, context), run, context);
      taken.answered(reply);
      return reply;
    } catch (thrown) {
      if (!(thrown instanceof UpstreamFailure)) throw thrown;
      failure = thrown;
      taken.failed(thrown, run.wait.backoffMs());
      const isKey = thrown.fault === 'key' || thrown.fault === 'quota';
      if (!isKey || keys.keys.length === 1 || call.signal.aborted || isSpent(context)) throw thrown;
      spent = (spent ?? new Set()).add(taken.key);
    }
  }
}

/** Whether the call has no tries or no time left. */
export function isSpent({ route, attempts, deadlineAt }: AskContext): boolean {
  const { maxAttempts } = route.policy;
  if (maxAttempts !== undefined && attempts.count >= maxAttempts) return true;
  return deadlineAt !== undefined && performance.now() >= deadlineAt;
}

function requestOf(
  call: FittedCall,
  body: Buffer,
  key: number,
  candidate: Candidate,
  { route, keepText }: AskContext,
): BackendRequest {
  const { firstOutputMs, gapMs, totalMs } = route.policy;
  return {
    path: call.protocol.path,
    body,
    headers: call.forwardHeaders,
    stream: call.stream,
    generates: call.protocol.generates,
    key,
    firstOutputMs,
    gapMs,
    totalMs: totalMs === undefined ? undefined : Math.max(1, call.receivedAt + totalMs - performance.now()),
    rules: {
      answerModel: candidate.answerModel,
      withholdUsage: call.stream && !call.wantsUsage,
      keepText: keepText === true || candidate.config?.limits.tokensPerMinute !== undefined,
    },
    signal: call.signal,
  };
}

async function sendOnce(request: BackendRequest, run: CandidateRun, context: AskContext): Promise<BackendReply> {
  const { attempts, call } = context;
  const { candidate } = run;
  const { health, backend } = candidate;
  const watch = attempts.watch && watchTry(attempts.watch, candidate, call.forwardHeaders);
  const made = attempts.begin(candidate);
  health.inFlight++;
  try {
    const reply = await backend.send(watch === undefined ? request : { ...request, headers: watch.headers, watch });
    made.endedAt = performance.now();
    run.isReached = true;
    health.latency(request.stream).add(made.endedAt - made.startedAt);
    reply.finished.then(({ outcome }) => {
      health.inFlight--;
      if (outcome === 'broken') health.breaker.failed();
    });
    return reply;
  } catch (thrown) {
    health.inFlight--;
    made.endedAt = performance.now();
    if (thrown instanceof UpstreamFailure) noteFailure(thrown, made, run, context, watch);
    throw thrown;
  }
}

function noteFailure(
  { error, reached }: UpstreamFailure,
  made: Try,
  run: CandidateRun,
  { attempts, call }: AskContext,
  watch: AttemptWatch | undefined,
): void {
  const isLost = error.code === 'client_closed_request' && !call.signal.aborted;
  made.left = isLost ? 'lost' : error.code;
  made.why = isLost ? 'another was faster' : error.summary;
  watch?.failed(error.code);
  run.isReached ||= reached;
  // A backend that is not configured was not even tried.
  if (!reached && error.code === 'backend_unavailable') attempts.count--;
}

function watchTry(watch: CallWatch, { backend, model }: Candidate, headers: readonly string[]): AttemptWatch {
  const { name, type, baseUrl } = backend.config;
  return watch.attempt({ backend: name, type, baseUrl, model }, headers);
}
