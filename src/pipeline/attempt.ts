import { conversationKey } from '../balancing/conversation-key.ts';
import type { Answer } from '../types/answer.ts';
import type { Call } from '../types/call.ts';
import type { Route } from '../types/route.ts';
import type { Ticket } from '../types/ticket.ts';
import type { AskContext, AskPorts } from './ask-context.ts';
import { askTogether } from './ask-together.ts';
import { AttemptPlan } from './attempt-plan.ts';
import type { Attempts } from './attempts.ts';
import { type Answered, failedAt, giveUp } from './give-up.ts';
import { pause } from './pause.ts';

export interface AttemptOptions {
  readonly call: Call;
  readonly route: Route;
  readonly caller: string;
  readonly ports: AskPorts;
  readonly attempts: Attempts;
  readonly keepText?: boolean;
  readonly rated: (ticket: Ticket) => void;
}

/**
 * Asks the candidates of a route until one answers.
 * @throws GatewayError the one that says most, where none does
 */
export async function attempt(options: AttemptOptions): Promise<Answer> {
  const { call, route, caller, ports } = options;
  const affinity = asksForAffinity(route) ? conversationKey(call, caller) : 0;
  const context: AskContext = { ...options, affinity, deadlineAt: deadlineOf(call, route) };
  const choice = { affinity, stream: call.stream, bytes: call.body.length, random: Math.random };
  const plan = new AttemptPlan(context, choice);
  let answered: Answered | undefined;
  try {
    answered = route.allowance === undefined ? await askInTurn(plan, context) : await askTogether(plan, context);
    context.attempts.candidate = answered.run.candidate;
    if (affinity !== 0) ports.chooser.served(choice, answered.run.candidate);
    return answered.answer;
  } finally {
    for (const run of plan.runs) {
      if (run !== answered?.run && run.state !== 'running') run.giveBack(call.signal.aborted);
    }
  }
}

async function askInTurn(plan: AttemptPlan, context: AskContext): Promise<Answered> {
  const { signal } = context.call;
  for (;;) {
    const step = plan.next();
    if (step.kind === 'over') return giveUp(plan, context);
    if (step.kind === 'wait') await pause(step.waitMs, signal);
    else {
      const { run } = step;
      try {
        return { run, answer: await run.ask(signal) };
      } catch (thrown) {
        failedAt(run, thrown, plan, context);
      }
    }
  }
}

function asksForAffinity({ policy, candidates }: Route): boolean {
  if (!policy.affinity) return false;
  return candidates.length > 1 || (candidates[0]?.keys.keys.length ?? 0) > 1;
}

function deadlineOf({ deadlineAt, receivedAt }: Call, { policy }: Route): number | undefined {
  let deadline = deadlineAt;
  for (const milliseconds of [policy.totalMs, policy.maxRetryMs]) {
    if (milliseconds !== undefined)
      deadline = Math.min(deadline ?? Number.POSITIVE_INFINITY, receivedAt + milliseconds);
  }
  return deadline;
}
