import * as z from 'zod';
import { commonParameters, count } from '../parameters.ts';
import { actionRequest } from '../prompts/rstar.ts';
import { extractAnswer } from '../reading/extract-answer.ts';
import { sameAnswer } from '../reading/normalise-answer.ts';
import { voteOf } from '../reading/vote-of.ts';
import type { Reply } from '../reply.ts';
import type { Solution, Solver, Task } from '../solver.ts';
import { type Step, StepTree, textsOf } from '../step-tree.ts';

const parameters = z.strictObject({
  ...commonParameters,
  rollouts: count('How many ways through the tree are gone.', 50, 5),
  depth: count('The most steps of a way, before it is finished.', 10, 3),
  exploration: z.number().min(0).max(100).default(1.4).describe('How much rarely visited steps are preferred.'),
});
type Parameters = z.output<typeof parameters>;

/** A way from the first step to an answer. */
interface Path {
  readonly steps: readonly Step[];
  readonly reply: Reply;
  /** Undefined: none can be read, and it counts as unfinished. */
  readonly answer: string | undefined;
}

interface Finished extends Path {
  readonly answer: string;
}

const temperature = 0.2;

/**
 * Search over reasoning steps of several kinds, and a check whether each way is found again from its first part (Z. Qi
 * and others, "Mutual Reasoning Makes Smaller LLMs Stronger Problem-Solvers", arXiv 2408.06195).
 */
export const rstar: Solver<Parameters> = {
  kind: 'solver',
  name: 'rstar',
  parameters,
  keepsFormat: false,
  maximumCalls: ({ rollouts, depth }) => rollouts * (depth + 1) + rollouts,
  solve: async (task, options) => {
    const { rollouts } = options;
    const tree = new StepTree(task, { ...options, temperature });
    const paths: Path[] = [];
    for (let rollout = 1; rollout <= rollouts; rollout++) {
      task.step(rollout, rollouts + 1, 'rollout');
      const steps = await tree.walk();
      if (steps !== undefined) tree.reward(steps, share(task, steps, paths));
    }
    if (paths.length === 0) throw tree.failures[0];
    task.step(rollouts + 1, rollouts + 1, 'check');
    const finished = paths.filter(isFinished);
    const isKept = await Promise.all(finished.map((path) => check(task, path)));
    return choose(
      paths,
      finished,
      finished.filter((_, index) => isKept[index]),
    );
  },
};

function isFinished(path: Path): path is Finished {
  return path.answer !== undefined;
}

/** Adds a way, if it is new, and gives the share of all finished ways that came to the same answer. */
function share(task: Task, steps: readonly Step[], paths: Path[]): number {
  const reply = (steps.at(-1) as Step).reply;
  const answer = extractAnswer(reply.text);
  if (!paths.some((path) => path.reply === reply)) paths.push({ steps, reply, answer });
  const finished = paths.filter(isFinished);
  const alike = answer === undefined ? 0 : alikeIn(finished, answer);
  task.offer(reply, alike);
  return alike / Math.max(finished.length, 1);
}

function alikeIn(paths: readonly Finished[], answer: string): number {
  return paths.filter((path) => sameAnswer(path.answer, answer)).length;
}

/** Whether the same answer comes again when the way is cut at a random step and completed anew. */
async function check(task: Task, { steps, answer }: Finished): Promise<boolean> {
  const before = steps.slice(0, Math.floor(task.random() * steps.length));
  const completion = await task.tryHelp({ material: actionRequest(textsOf(before), 'finish'), temperature });
  const again = completion === undefined ? undefined : extractAnswer(completion.text);
  return again !== undefined && sameAnswer(again, answer);
}

/** Of the kept ways the one with the greatest reward times the kept ones of its answer, else the majority's first. */
function choose(paths: readonly Path[], finished: readonly Finished[], kept: readonly Finished[]): Solution {
  const voters = finished.length > 0 ? finished : paths;
  const votes = voteOf(
    voters.map(({ answer }) => answer),
    voters.map(({ reply }) => reply.text),
  );
  const metadata = { votes: votes.map(({ answer, count }) => ({ answer, count })), kept: kept.length };
  const weight = ({ answer }: Finished) => alikeIn(finished, answer) * alikeIn(kept, answer);
  const greatest = Math.max(...kept.map(weight));
  const best = kept.find((path) => weight(path) === greatest) ?? voters[votes[0]?.first ?? 0];
  return { reply: (best as Path).reply, metadata };
}
