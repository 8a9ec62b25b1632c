import * as z from 'zod';
import { gatherCandidates } from '../gather-candidates.ts';
import { commonParameters, count, heat } from '../parameters.ts';
import * as prompts from '../prompts/cepo.ts';
import { rankings, ratingCalls } from '../rankings.ts';
import type { Reply } from '../reply.ts';
import { settleAll } from '../sampling.ts';
import type { AnswerOptions, Solver, Task } from '../solver.ts';

const limit = z.int().min(1).optional();
const parameters = z.strictObject({
  ...commonParameters,
  candidates: count('Answers, each made on its own; of several the best rated one is given.', 16, 3),
  plans: count('Plans that are carried out for each of them.', 16, 3),
  plan_attempts: count('Tries for these plans, as some are cut off.', 32, 6),
  rating: z
    .enum(['absolute', 'pairwise', 'majority'])
    .default('absolute')
    .describe('A score each, or each pair compared in both orders, or a vote on the answers without any call.'),
  temperatures: z
    .strictObject({
      plan: heat('Of a plan.', 0.55),
      execute: heat('Of carrying it out.', 0.25),
      refine: heat('Of bringing the results together.', 0.1),
      final: z
        .number()
        .min(0)
        .max(2)
        .optional()
        .describe("Of the answer, before the request's. Default: the request's, or 0."),
      rate: heat('Of a rating.', 0.1),
    })
    .prefault({}),
  max_tokens_by_step: z
    .strictObject({ plan: limit, execute: limit, refine: limit, final: limit, rate: limit })
    .default({})
    .describe("The most output tokens of each step; that of the answer goes before the request's."),
  reasoning_effort: z.string().min(1).max(50).optional().describe('Sent with every call; left out if not set.'),
  diverse_plans: z
    .boolean()
    .default(false)
    .describe('Whether one call first finds different lines of attack for the plans.'),
});
type Parameters = z.output<typeof parameters>;

/**
 * Planning and optimisation: each candidate comes from several plans that are carried out and brought together (the
 * CePO of Cerebras Systems, https://www.cerebras.ai/blog/cepo, described there and not in a paper).
 */
export const cepo: Solver<Parameters> = {
  kind: 'solver',
  name: 'cepo',
  parameters,
  keepsFormat: true,
  maximumCalls: ({ candidates, plan_attempts, rating, diverse_plans }) =>
    (diverse_plans ? 1 : 0) + candidates * (2 * plan_attempts + 2) + ratingCalls(rating, candidates),
  solve: async (task, values) => {
    const { candidates, rating } = values;
    task.step(1, 2, 'candidates');
    const lines = await linesOfAttack(task, values);
    const making = Array.from({ length: candidates }, () => candidate(task, values, lines));
    const replies = await gatherCandidates(making);
    if (replies.length === 1) return { reply: replies[0] as Reply };
    task.step(2, 2, 'ratings');
    const { best, metadata } = await rankings[rating](task, replies, stepOptions(values, 'rate'));
    return { reply: replies[best] as Reply, metadata: { ...metadata, chosen: best + 1 } };
  },
};

async function linesOfAttack(task: Task, values: Parameters): Promise<string | undefined> {
  if (!values.diverse_plans) return undefined;
  const material = prompts.linesOfAttackRequest(values.plans);
  return (await task.help({ ...stepOptions(values, 'plan'), material, isWhole: true })).text;
}

/** Plan and execute, refine, answer; only the answer where no plan came to anything. */
async function candidate(task: Task, values: Parameters, lines: string | undefined): Promise<Reply> {
  const executions = await executePlans(task, values, lines);
  const give = (options: AnswerOptions) => (values.candidates === 1 ? task.last(options) : task.answer(options));
  if (executions.length === 0) return give(finalOptions(values));
  const material = prompts.refinementRequest(executions);
  const { text } = await task.help({ ...stepOptions(values, 'refine'), material, isWhole: true });
  return give({ ...finalOptions(values), material: prompts.finalRequest(text) });
}

/** As many executed plans as are wanted, or as come in all tries; those missing are tried again at once. */
async function executePlans(task: Task, values: Parameters, lines: string | undefined): Promise<string[]> {
  const { plans, plan_attempts } = values;
  const executions: string[] = [];
  for (let tried = 0; executions.length < plans && tried < plan_attempts; ) {
    const size = Math.min(plans - executions.length, plan_attempts - tried);
    const from = tried;
    const { values: made, failures } = await settleAll(
      Array.from({ length: size }, (_, at) => executePlan(task, values, lines, from + at)),
    );
    if (made.length === 0 && executions.length === 0) throw failures[0];
    if (made.length === 0) break;
    executions.push(...made.filter((one) => one !== undefined));
    tried += size;
  }
  return executions;
}

/** @returns undefined where the plan or its execution was cut off */
async function executePlan(task: Task, values: Parameters, lines: string | undefined, at: number) {
  const along = (all: string) => prompts.planAlongRequest(all, (at % values.plans) + 1);
  const request = lines === undefined ? prompts.planRequest : along(lines);
  const plan = await task.help({ ...stepOptions(values, 'plan'), material: request });
  if (isCut(plan)) return undefined;
  const execution = await task.help({
    ...stepOptions(values, 'execute'),
    material: prompts.executionRequest(plan.text),
  });
  return isCut(execution) ? undefined : execution.text;
}

function isCut({ finishReason, text }: Reply): boolean {
  return finishReason === 'length' || text === '';
}

function stepOptions(values: Parameters, step: 'plan' | 'execute' | 'refine' | 'rate'): AnswerOptions {
  const { temperatures, max_tokens_by_step, reasoning_effort } = values;
  const most = max_tokens_by_step[step];
  const fields = { ...(most !== undefined && { max_tokens: most }), ...(reasoning_effort && { reasoning_effort }) };
  return { temperature: temperatures[step], fields };
}

function finalOptions({ temperatures, max_tokens_by_step, reasoning_effort }: Parameters): AnswerOptions {
  const { final: temperature } = temperatures;
  const { final: most } = max_tokens_by_step;
  const fields = {
    ...(temperature !== undefined && { temperature }),
    ...(most !== undefined && { max_tokens: most, max_completion_tokens: undefined }), // never both
    ...(reasoning_effort && { reasoning_effort }),
  };
  return { temperature: 0, fields };
}
