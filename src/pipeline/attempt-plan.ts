import type { UpstreamFailure } from '../backends/backend.ts';
import type { Choice } from '../balancing/balancer.ts';
import type { Candidate } from '../types/route.ts';
import type { AskContext } from './ask-context.ts';
import { CandidateRun } from './candidate-run.ts';
import { unmetCondition } from './conditions.ts';
import { isSpent } from './send-with-keys.ts';

/** What to do next: try a candidate, wait so many milliseconds, or give up. */
export type Step =
  | { readonly kind: 'try'; readonly run: CandidateRun }
  | { readonly kind: 'wait'; readonly waitMs: number }
  | { readonly kind: 'over' };

const over: Step = { kind: 'over' };

/** How willingly a candidate is tried, the best first. */
const ready = 0;
const full = 1;
const suspect = 2;

/**
 * Which candidate is asked next, over all tiers: healthy ones with a free place first, then those with a queue, then
 * those whose breaker is open, since nobody is refused on suspicion. One that failed comes again after its back-off, as
 * its backend's `max_retries` allows.
 */
export class AttemptPlan {
  /** In the order in which they are to be tried; without those whose conditions the call does not meet. */
  readonly runs: readonly CandidateRun[];
  readonly #context: AskContext;

  constructor(context: AskContext, choice: Choice) {
    this.#context = context;
    this.runs = orderedRuns(context, choice);
  }

  next(): Step {
    const { deadlineAt } = this.#context;
    if (this.#context.attempts.tries.length > 0 && isSpent(this.#context)) return over;
    const now = performance.now();
    const best = this.#best(now);
    if (best !== undefined) return { kind: 'try', run: best };
    let soonest = Number.POSITIVE_INFINITY;
    for (const run of this.runs) if (run.state === 'waiting') soonest = Math.min(soonest, run.notBefore);
    if (soonest === Number.POSITIVE_INFINITY || (deadlineAt !== undefined && soonest >= deadlineAt)) return over;
    return { kind: 'wait', waitMs: soonest - now };
  }

  /** Whether a candidate may be asked beside those that run: it is healthy, has a free place and was not tried yet. */
  isSpare(run: CandidateRun): boolean {
    return run.state === 'fresh' && !isSpent(this.#context) && readinessOf(run.candidate) === ready;
  }

  failed(run: CandidateRun, failure: UpstreamFailure): void {
    run.failed(failure);
    if (failure.error.code === 'context_length_exceeded') this.#leaveSmaller(run.candidate);
  }

  #best(now: number): CandidateRun | undefined {
    const isLone = this.runs.length === 1;
    let best: CandidateRun | undefined;
    let bestReadiness = Number.POSITIVE_INFINITY;
    for (const run of this.runs) {
      if (run.state !== 'fresh' && (run.state !== 'waiting' || run.notBefore > now)) continue;
      if (isLone) return run;
      const readiness = readinessOf(run.candidate);
      if (readiness === ready) return run;
      if (readiness >= bestReadiness) continue;
      best = run;
      bestReadiness = readiness;
    }
    return best;
  }

  /** A prompt that is too long for one candidate need not be sent to those that take no more. */
  #leaveSmaller({ config }: Candidate): void {
    const window = config?.limits.contextWindow;
    if (window === undefined) return;
    for (const run of this.runs) {
      const other = run.candidate.config?.limits.contextWindow;
      if (run.state === 'fresh' && other !== undefined && other <= window) run.leave('its window is no larger');
    }
  }
}

function orderedRuns(context: AskContext, choice: Choice): CandidateRun[] {
  const runs: CandidateRun[] = [];
  for (const tier of context.route.tiers) {
    const order = tier.candidates.length === 1 ? tier.candidates : context.ports.chooser.order(tier, choice);
    for (const candidate of order) {
      const unmet = unmetCondition(candidate, context.call, context.route.candidates.length === 1);
      if (unmet === undefined) runs.push(new CandidateRun(candidate, tier, context));
      else context.attempts.passedOver(candidate, 'invalid_request', unmet);
    }
  }
  return runs;
}

function readinessOf({ health, slots }: Candidate): number {
  if (!health.breaker.admits) return suspect;
  return slots?.isFull ? full : ready;
}
