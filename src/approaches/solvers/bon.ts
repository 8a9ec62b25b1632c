import * as z from 'zod';
import { commonParameters, count } from '../parameters.ts';
import { ratingRequest } from '../prompts/bon.ts';
import { readScore } from '../reading/read-score.ts';
import type { Reply } from '../reply.ts';
import type { Solver, Task } from '../solver.ts';
import { namedModels } from '../stage-needs.ts';

const parameters = z.strictObject({
  ...commonParameters,
  candidates: count('Candidates, of which the best rated one is given.', 32, 3),
  judge: z
    .string()
    .min(1)
    .optional()
    .describe("The model that rates, by its public name; the route's own if left out."),
});

/**
 * Best of n: several candidates, each rated by itself (K. Cobbe and others, "Training Verifiers to Solve Math Word
 * Problems", arXiv 2110.14168; the verifier is a chat model here).
 */
export const bon: Solver<z.output<typeof parameters>> = {
  kind: 'solver',
  name: 'bon',
  parameters,
  models: (values) => namedModels(values, 'judge'),
  keepsFormat: true,
  maximumCalls: ({ candidates }) => (candidates === 1 ? 1 : 1 + candidates),
  furtherOutputs: ({ candidates }) => candidates - 1,
  solve: async (task, { candidates, judge }) => {
    task.step(1, 2, 'candidates');
    const replies = await task.sample(candidates, { temperature: 1 });
    if (replies.length === 1) return { reply: replies[0] as Reply };
    task.step(2, 2, 'ratings');
    const scores = await Promise.all(replies.map((reply) => rate(task, reply, judge)));
    const best = scores.indexOf(Math.max(...scores));
    const told = scores.map((score) => (score === unreadable ? null : score));
    return { reply: replies[best] as Reply, metadata: { scores: told, chosen: best + 1 } };
  },
};

/** Below every score. */
const unreadable = Number.NEGATIVE_INFINITY;

async function rate(task: Task, reply: Reply, model: string | undefined): Promise<number> {
  const rating = await task.tryHelp({ material: ratingRequest(reply.text), temperature: 0.1, model });
  const score = rating === undefined ? undefined : readScore(rating.text, { least: 0, most: 10 });
  task.offer(reply, score);
  return score ?? unreadable;
}
