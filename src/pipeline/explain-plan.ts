import type { Chosen } from '../approaches/approach-chooser.ts';
import { modelsOf, placedOf } from '../approaches/plan.ts';
import type { Say } from './explain.ts';

/** Says by which stages a call is answered, with what parameters and models, and what it may take. */
export async function explainPlan({ approach, plan, budget }: Chosen, say: Say): Promise<void> {
  const { calls } = (await approach.measure?.()) ?? approach.reach;
  say('approach', `${approach.name}, at most ${calls} ${calls === 1 ? 'call' : 'calls'}`);
  if (plan === undefined || budget === undefined) return;
  for (const { stage, parameters } of placedOf(plan)) {
    say(`stage ${stage.name}`, `${stage.kind}, ${JSON.stringify(parameters)}`);
  }
  for (const { name, path } of modelsOf(plan)) say(`model of ${path.join('.')}`, JSON.stringify(name));
  const { maxCalls, deadlineMs, maxCost, whenSpent } = budget;
  const limits = [
    `${maxCalls} calls`,
    deadlineMs !== undefined && `${deadlineMs / 1000} s`,
    maxCost !== undefined && `${maxCost / 1e9} US dollars`,
  ];
  const then = whenSpent === 'best' ? 'the best candidate so far' : 'an error';
  say('budget', `${limits.filter(Boolean).join(', ')}; when it is spent: ${then}`);
}
