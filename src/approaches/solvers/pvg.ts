import * as z from 'zod';
import { majorityOf } from '../majority.ts';
import { commonParameters, count } from '../parameters.ts';
import { deceptionRequest, verificationRequest } from '../prompts/pvg.ts';
import { readScore } from '../reading/read-score.ts';
import type { Reply } from '../reply.ts';
import type { Solution, Solver, Task } from '../solver.ts';
import { namedModels } from '../stage-needs.ts';

const parameters = z.strictObject({
  ...commonParameters,
  candidates: count('Helpful answers, and as many wrong ones to test the verifier with.', 32, 3),
  verifier: z
    .string()
    .min(1)
    .optional()
    .describe("The model that scores, by its public name; the route's own if left out."),
});

/**
 * A game of provers and a verifier: helpful and deliberately wrong answers go to a verifier that is not told which is
 * which, and that is only believed if it tells them apart (J. H. Kirchner and others, "Prover-Verifier Games improve
 * legibility of LLM outputs", arXiv 2407.13692). A wrong answer is never given.
 */
export const pvg: Solver<z.output<typeof parameters>> = {
  kind: 'solver',
  name: 'pvg',
  parameters,
  models: (values) => namedModels(values, 'verifier'),
  keepsFormat: false,
  maximumCalls: ({ candidates }) => 2 + 2 * candidates,
  furtherOutputs: ({ candidates }) => 2 * (candidates - 1),
  solve: async (task, { candidates, verifier }) => {
    task.step(1, 3, 'helpful answers');
    const helpful = await task.sample(candidates, { temperature: 0.7 });
    task.step(2, 3, 'wrong answers');
    const shown = deceptionRequest((helpful[0] as Reply).text);
    const wrong = await task.sample(candidates, { temperature: 0.7, material: shown });
    task.step(3, 3, 'scores');
    const [scores, wrongScores] = await Promise.all([
      Promise.all(helpful.map((reply) => score(task, reply, verifier, (value) => task.offer(reply, value)))),
      Promise.all(wrong.map((reply) => score(task, reply, verifier))),
    ]);
    const told = { scores: scores.map(orNull), wrong_scores: wrongScores.map(orNull) };
    // NaN, where nothing could be read, is greater than nothing: such a verifier is not believed.
    const isBelieved = mean(scores) > mean(wrongScores);
    return isBelieved ? bestOf(helpful, scores, told) : mostVoted(helpful, told);
  },
};

type Score = number | undefined;

async function score(task: Task, { text }: Reply, model: string | undefined, read?: (score: Score) => void) {
  const reply = await task.tryHelp({ material: verificationRequest(text), temperature: 0.2, model });
  const value = reply === undefined ? undefined : readScore(reply.text, { least: 0, most: 10 });
  read?.(value);
  return value;
}

function bestOf(helpful: readonly Reply[], scores: readonly Score[], told: object): Solution {
  const ranked = scores.map((value) => value ?? Number.NEGATIVE_INFINITY);
  const best = ranked.indexOf(Math.max(...ranked));
  return { reply: helpful[best] as Reply, metadata: { ...told, verifier_is_blind: false, chosen: best + 1 } };
}

function mostVoted(helpful: readonly Reply[], told: object): Solution {
  const { winner, votes } = majorityOf(helpful);
  return { reply: helpful[winner] as Reply, metadata: { ...told, verifier_is_blind: true, votes, chosen: winner + 1 } };
}

function mean(scores: readonly Score[]): number {
  const read = scores.filter((value) => value !== undefined);
  return read.reduce((sum, value) => sum + value, 0) / read.length;
}

function orNull(value: Score): number | null {
  return value ?? null;
}
