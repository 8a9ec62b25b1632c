import * as z from 'zod';
import { commonParameters, count } from '../parameters.ts';
import { adaptionRequest, answerInstruction, selectionRequest, structureRequest } from '../prompts/deepthink.ts';
import { extractAnswer } from '../reading/extract-answer.ts';
import { readJson } from '../reading/read-json.ts';
import { voteOf } from '../reading/vote-of.ts';
import type { Reply } from '../reply.ts';
import { settleAll } from '../sampling.ts';
import type { Solution, Solver, Task } from '../solver.ts';

const parameters = z.strictObject({
  ...commonParameters,
  self_discover: z.boolean().default(true).describe('Whether three calls first find out how to go about the question.'),
  samples: count('Answers that vote.', 32, 3),
  threshold: z
    .number()
    .min(0)
    .max(1)
    .default(0.6)
    .describe('The share of the samples that must agree; else one answer at temperature 0 is given.'),
});

/**
 * A structure of reasoning that the model makes for the question (P. Zhou and others, "Self-Discover: Large Language
 * Models Self-Compose Reasoning Structures", arXiv 2402.03620), then a vote that gives way to the greedy answer where
 * it is unsure (as "uncertainty-routed chain of thought" in "Gemini: A Family of Highly Capable Multimodal Models",
 * arXiv 2312.11805).
 */
export const deepthink: Solver<z.output<typeof parameters>> = {
  kind: 'solver',
  name: 'deepthink',
  parameters,
  keepsFormat: false,
  maximumCalls: ({ self_discover }) => (self_discover ? 3 : 0) + 2,
  furtherOutputs: ({ samples }) => samples - 1,
  solve: async (task, { self_discover, samples, threshold }) => {
    const steps = self_discover ? 4 : 1;
    const structure = self_discover ? await discover(task, steps) : undefined;
    task.step(steps, steps, 'answers');
    const instruction = answerInstruction(structure);
    const [sampled, greedy] = await Promise.all([
      settleAll([task.sample(samples, { temperature: 0.7, instruction })]),
      settleAll([task.answer({ temperature: 0, instruction })]),
    ]);
    return route(sampled.values.flat(), threshold, () => {
      const [reply] = greedy.values;
      if (reply === undefined) throw sampled.failures[0] ?? greedy.failures[0];
      return reply;
    });
  },
};

/** Select, adapt, structure; gives the structure. */
async function discover(task: Task, steps: number): Promise<string> {
  const ask = async (step: number, name: string, material: string) => {
    task.step(step, steps, name);
    return (await task.help({ material, temperature: 0.3, isWhole: true })).text;
  };
  const selected = await ask(1, 'select', selectionRequest());
  const adapted = await ask(2, 'adapt', adaptionRequest(selected));
  const structure = await ask(3, 'structure', structureRequest(adapted));
  const json = readJson(structure);
  return json === undefined ? structure : JSON.stringify(json, null, 1);
}

/** The first sample of the most frequent extracted answer where enough of them agree, else the greedy one. */
function route(samples: readonly Reply[], threshold: number, greedy: () => Reply): Solution {
  const answered = samples.flatMap((reply) => {
    const answer = extractAnswer(reply.text);
    return answer === undefined ? [] : [{ reply, answer }];
  });
  const groups = voteOf(
    answered.map(({ answer }) => answer),
    [],
  );
  const votes = groups.map(({ answer, count: number }) => ({ answer, count: number }));
  const [most] = groups;
  if (most === undefined || most.count / samples.length < threshold) {
    return { reply: greedy(), metadata: { votes, chosen: null } };
  }
  const { reply } = answered[most.first] as (typeof answered)[0];
  return { reply, metadata: { votes, chosen: samples.indexOf(reply) + 1 } };
}
