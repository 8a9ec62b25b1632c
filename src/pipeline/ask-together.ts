import { linkedController } from '../linked-controller.ts';
import type { Answer } from '../types/answer.ts';
import type { AskContext } from './ask-context.ts';
import type { AttemptPlan } from './attempt-plan.ts';
import type { CandidateRun } from './candidate-run.ts';
import { type Answered, failedAt, giveUp } from './give-up.ts';
import { pause } from './pause.ts';

/** What came of one of the candidates that are asked at the same time. */
type Outcome =
  | { readonly run: CandidateRun; readonly answer: Answer }
  | { readonly run: CandidateRun; readonly answer: undefined; readonly thrown: unknown };

interface Running {
  readonly controller: AbortController;
  readonly outcome: Promise<Outcome>;
}

/**
 * Asks a second candidate where the first is slow (J. Dean, L. A. Barroso, "The Tail at Scale", hedged requests), or all
 * of a racing tier at once, and takes the first output. Extra calls come out of the route's allowance.
 */
export async function askTogether(plan: AttemptPlan, context: AskContext): Promise<Answered> {
  const { allowance, policy } = context.route;
  const running = new Map<CandidateRun, Running>();
  const start = (run: CandidateRun) => void running.set(run, begin(run, context));
  allowance?.called();
  let canHedge = policy.hedge !== undefined;
  try {
    for (;;) {
      if (running.size === 0) {
        const step = plan.next();
        if (step.kind === 'over') return giveUp(plan, context);
        if (step.kind === 'wait') {
          await pause(step.waitMs, context.call.signal);
          continue;
        }
        start(step.run);
        for (const rival of rivals(step.run, plan, context)) start(rival);
      }
      const hedgeMs = canHedge && running.size === 1 ? hedgeDelay(running, context) : undefined;
      const outcome = await firstOf(running, hedgeMs);
      if (outcome === undefined) {
        canHedge = false;
        const spare = plan.runs.find((run) => plan.isSpare(run));
        if (spare !== undefined && allowance?.take()) start(spare);
        continue;
      }
      running.delete(outcome.run);
      if (outcome.answer !== undefined) return outcome;
      failedAt(outcome.run, outcome.thrown, plan, context);
    }
  } finally {
    for (const [run, loser] of running) abandon(run, loser);
  }
}

function begin(run: CandidateRun, { call }: AskContext): Running {
  const controller = linkedController(call.signal);
  const asked = run.ask(controller.signal);
  const outcome = asked.then(
    (answer): Outcome => ({ run, answer }),
    (thrown: unknown): Outcome => ({ run, answer: undefined, thrown }),
  );
  return { controller, outcome };
}

/** Who races with a candidate; only streams are raced, since of a whole answer each racer would be paid in full. */
function rivals(first: CandidateRun, plan: AttemptPlan, { route, call }: AskContext): CandidateRun[] {
  if (first.tier.strategy !== 'race' || !call.stream) return [];
  const others = plan.runs.filter((run) => run !== first && run.tier === first.tier && plan.isSpare(run));
  return others.filter(() => route.allowance?.take());
}

/** Milliseconds after which the one candidate that runs counts as slow; undefined: nothing is known of its times yet. */
function hedgeDelay(running: ReadonlyMap<CandidateRun, Running>, { route, call }: AskContext): number | undefined {
  const [run] = running.keys();
  const after = route.policy.hedge?.after;
  return after === 'p95' ? run?.candidate.health.latency(call.stream).p95 : after;
}

/** The first that answers or fails; undefined: the time was over before that. */
async function firstOf(running: ReadonlyMap<CandidateRun, Running>, limitMs: number | undefined) {
  const outcomes = [...running.values()].map(({ outcome }) => outcome);
  if (limitMs === undefined) return Promise.race(outcomes);
  let timer: NodeJS.Timeout | undefined;
  const slow = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), limitMs);
  });
  try {
    return await Promise.race([...outcomes, slow]);
  } finally {
    clearTimeout(timer);
  }
}

/** Another was faster, or nobody wants an answer any more. */
function abandon(run: CandidateRun, { controller, outcome }: Running): void {
  controller.abort();
  outcome.then(({ answer }) => {
    if (answer === undefined) run.giveBack(true);
    else if (!Buffer.isBuffer(answer.body)) answer.body.cancel();
  });
}
