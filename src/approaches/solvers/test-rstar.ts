import type { MockReply } from '../../../test/fake-backend/fake-backend.ts';
import { type SolvingOptions, startSolving } from '../../../test/harness/solving.ts';
import { type Action, actionRequest } from '../prompts/rstar.ts';
import { rstar } from './rstar.ts';

const usage = { prompt_tokens: 10, completion_tokens: 5 };
export const fields = { special: true, seed: 1 };
const actions: readonly Action[] = ['thought', 'finish', 'subquestion', 'anew', 'rephrase'];

export interface Asked {
  readonly action: Action;
  /** It came after all ways were gone: neither the answer nor a step. */
  readonly isCheck: boolean;
  /** The steps that were shown. */
  readonly steps: readonly string[];
}

/** What a call asked for. */
export function asked(body: Record<string, unknown>): Asked {
  const material = String((body.messages as { content: string }[]).at(-1)?.content);
  const action = actions.find((one) => material.endsWith(actionRequest([], one))) as Action;
  const isCheck = action === 'finish' && body.special === undefined;
  return { action, isCheck, steps: [...material.matchAll(/STEP-\d+/g)].map(String) };
}

interface Script {
  /** What finishes a way, in turn; the last one repeats. */
  readonly finishes?: readonly MockReply[];
  readonly checks?: readonly MockReply[];
  readonly steps?: readonly MockReply[];
}

export const answering = (answer: string, more = '') => ({ content: `${more}Final answer: ${answer}` });

/** The solver over a script. */
export function startRstar(
  script: Script,
  parameters: Record<string, unknown> = {},
  options: Partial<SolvingOptions> = {},
) {
  const counts = { step: 0, finish: 0, check: 0 };
  const pick = (from: readonly MockReply[] | undefined, at: number) => from?.[Math.min(at, from.length - 1)];
  const reply = (body: Record<string, unknown>): MockReply => {
    const { action, isCheck } = asked(body);
    if (isCheck) return pick(script.checks, counts.check++) ?? answering('7');
    if (action === 'finish') return pick(script.finishes, counts.finish++) ?? answering('7', `WAY-${counts.finish}. `);
    counts.step++;
    return script.steps?.[counts.step - 1] ?? { content: `STEP-${counts.step}` };
  };
  return startSolving({
    stages: [rstar],
    plan: 'rstar',
    parameters,
    script: ({ json }) => ({ usage, ...reply(json) }),
    ...options,
  });
}

/** Each of the 4 first steps once: 3 need a finishing call. */
export const shallow = { depth: 1, rollouts: 4 };
