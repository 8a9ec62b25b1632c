import * as z from 'zod';
import { majorityOf } from '../majority.ts';
import { commonParameters, count } from '../parameters.ts';
import { consensusRequest } from '../prompts/self-consistency.ts';
import { readChoice } from '../reading/read-choice.ts';
import type { Reply } from '../reply.ts';
import type { Solver, Task } from '../solver.ts';

const parameters = z.strictObject({
  ...commonParameters,
  samples: count('Samples that vote.', 32, 5),
  vote: z
    .enum(['exact', 'model'])
    .default('exact')
    .describe(
      'Whether equal final answers are counted, or, for free text, a call says which sample agrees most with the others.',
    ),
});

function votingSolver(name: string): Solver<z.output<typeof parameters>> {
  return {
    kind: 'solver',
    name,
    parameters,
    keepsFormat: true,
    maximumCalls: ({ samples, vote }) => (vote === 'model' && samples > 1 ? 2 : 1),
    furtherOutputs: ({ samples }) => samples - 1,
    solve: async (task, { samples, vote }) => {
      const steps = vote === 'model' ? 2 : 1;
      task.step(1, steps, 'samples');
      const replies = await task.sample(samples, { temperature: 1 });
      const { winner, votes } = majorityOf(replies);
      if (vote === 'exact') return { reply: replies[winner] as Reply, metadata: { votes } };
      task.offer(replies[winner] as Reply, 0);
      task.step(2, steps, 'vote');
      const chosen = (await mostAgreeing(task, replies)) ?? winner;
      return { reply: replies[chosen] as Reply, metadata: { votes, chosen: chosen + 1 } };
    },
  };
}

/**
 * Self-consistency: several samples vote with their final answers (X. Wang and others, "Self-Consistency Improves Chain
 * of Thought Reasoning in Language Models", arXiv 2203.11171). With `vote: model` a call finds the sample that agrees
 * most with the others (X. Chen and others, "Universal Self-Consistency for Large Language Model Generation",
 * arXiv 2311.17311); where its choice cannot be read, the votes decide.
 */
export const selfConsistency = votingSolver('self_consistency');

/** The same by its other name. */
export const majorityVoting = votingSolver('majority_voting');

/** Index of the sample that the model finds; undefined: not to be read. */
async function mostAgreeing(task: Task, replies: readonly Reply[]): Promise<number | undefined> {
  if (replies.length === 1) return 0;
  const material = consensusRequest(replies.map(({ text }) => text));
  const reply = await task.tryHelp({ material, temperature: 0.1 });
  const choice = reply === undefined ? undefined : readChoice(reply.text, replies.length);
  return choice === undefined ? undefined : choice - 1;
}
