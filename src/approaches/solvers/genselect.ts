import * as z from 'zod';
import { commonParameters, count } from '../parameters.ts';
import { selectionRequest } from '../prompts/genselect.ts';
import { readChoice } from '../reading/read-choice.ts';
import type { Reply } from '../reply.ts';
import type { Solver, Task } from '../solver.ts';
import { namedModels } from '../stage-needs.ts';

const parameters = z.strictObject({
  ...commonParameters,
  candidates: count('Candidates, of which one is chosen.', 32, 4, 2),
  group_size: count('The most candidates that are compared in one call; more go in groups.', 32, 8, 2),
  judge: z
    .string()
    .min(1)
    .optional()
    .describe("The model that chooses, by its public name; the route's own if left out."),
});

/**
 * Generative selection: one call reads all candidates and chooses (I. Moshkov and others, "AIMO-2 Winning Solution:
 * Building State-of-the-Art Mathematical Reasoning Models with OpenMathReasoning dataset", arXiv 2504.16891).
 */
export const genselect: Solver<z.output<typeof parameters>> = {
  kind: 'solver',
  name: 'genselect',
  parameters,
  models: (values) => namedModels(values, 'judge'),
  keepsFormat: true,
  maximumCalls: ({ candidates, group_size }) => 1 + comparisons(candidates, group_size),
  furtherOutputs: ({ candidates }) => candidates - 1,
  solve: async (task, { candidates, group_size, judge }) => {
    task.step(1, 2, 'candidates');
    const replies = await task.sample(candidates, { temperature: 0.7 });
    task.step(2, 2, 'selection');
    let left = replies.map((reply, index): Candidate => ({ reply, number: index + 1 }));
    for (let round = 1; left.length > 1; round++) {
      left = await Promise.all(groupsOf(left, group_size).map((group) => bestOf(task, group, judge)));
      task.offer((left[0] as Candidate).reply, round);
    }
    const { reply, number } = left[0] as Candidate;
    return { reply, metadata: { chosen: number } };
  },
};

interface Candidate {
  readonly reply: Reply;
  /** From 1, among all. */
  readonly number: number;
}

async function bestOf(task: Task, group: readonly Candidate[], model: string | undefined): Promise<Candidate> {
  const [first] = group;
  if (group.length === 1) return first as Candidate;
  const material = selectionRequest(group.map(({ reply }) => reply.text));
  const selection = await task.tryHelp({ material, temperature: 0.3, model });
  const choice = selection === undefined ? undefined : readChoice(selection.text, group.length);
  return group[(choice ?? 1) - 1] as Candidate;
}

/** As few groups as there can be, of sizes that differ by one at most. */
function groupsOf<T>(entries: readonly T[], most: number): T[][] {
  const groups = Math.ceil(entries.length / most);
  const start = (group: number) => Math.ceil((group * entries.length) / groups);
  return Array.from({ length: groups }, (_, group) => entries.slice(start(group), start(group + 1)));
}

function comparisons(candidates: number, most: number): number {
  if (candidates === 1) return 0;
  const groups = groupsOf(Array.from({ length: candidates }), most);
  return groups.filter((group) => group.length > 1).length + comparisons(groups.length, most);
}
