import * as z from 'zod';
import { commonParameters, count } from '../parameters.ts';
import { ratingRequest, rewriteRequest } from '../prompts/mcts.ts';
import { readScore } from '../reading/read-score.ts';
import type { Reply } from '../reply.ts';
import type { Solver, Task } from '../solver.ts';
import { tryAnswer } from '../try-answer.ts';
import { mostPromising, type Visited } from '../upper-confidence.ts';

const parameters = z.strictObject({
  ...commonParameters,
  branches: count('First answers.', 32, 3),
  simulations: count('How often an answer is chosen and rewritten.', 100, 2, 0),
  width: count('The most rewritings of one answer, but for those at the full depth.', 32, 2),
  depth: count('How many steps the choice goes down at most.', 32, 3),
  exploration: z.number().min(0).max(100).default(1.4).describe('How much rarely visited answers are preferred.'),
});
type Parameters = z.output<typeof parameters>;

interface Node extends Visited {
  readonly children: Scored[];
}

interface Scored extends Node {
  readonly reply: Reply;
  readonly score: number;
  readonly isRewritten: boolean;
}

/**
 * Monte Carlo tree search over whole answers (D. Zhang and others, "Accessing GPT-4 level Mathematical Olympiad
 * Solutions via Monte Carlo Tree Self-refine with LLaMa-3 8B", arXiv 2406.07394; Y. Xie and others, "Monte Carlo Tree
 * Search Boosts Reasoning via Iterative Preference Learning", arXiv 2405.00451).
 */
export const mcts: Solver<Parameters> = {
  kind: 'solver',
  name: 'mcts',
  parameters,
  keepsFormat: true,
  maximumCalls: ({ branches, simulations }) => 1 + branches + 2 * simulations,
  furtherOutputs: ({ branches }) => branches - 1,
  solve: async (task, options) => {
    const { branches, simulations } = options;
    task.step(1, simulations + 1, 'first answers');
    const replies = await task.sample(branches, { temperature: 1 });
    const children = await Promise.all(replies.map((reply) => rate(task, reply, false)));
    const root: Node = { children: [...children], visits: children.length, total: 0 };
    const made = [...children];
    for (let simulation = 1; simulation <= simulations; simulation++) {
      task.step(simulation + 1, simulations + 1, 'simulation');
      const path = walk(root, options);
      const leaf = path.at(-1) as Scored;
      const rewritten = await tryAnswer(task, { material: rewriteRequest(leaf.reply.text), temperature: 0.7 });
      if (rewritten === undefined) continue;
      const child = await rate(task, rewritten, true);
      leaf.children.push(child);
      made.push(child);
      for (const node of [root, ...path]) {
        node.visits++;
        node.total += child.score;
      }
    }
    return solutionOf(made);
  },
};

/** From the root down to the answer that is rewritten next. */
function walk(root: Node, { width, depth, exploration }: Parameters): Scored[] {
  const path: Scored[] = [];
  let node = root;
  do {
    const child = mostPromising(node, node.children, exploration);
    path.push(child);
    node = child;
  } while (node.children.length >= width && path.length < depth);
  return path;
}

/** Where its score can't be read. */
const middle = 0.5;

async function rate(task: Task, reply: Reply, isRewritten: boolean): Promise<Scored> {
  const rating = await task.tryHelp({ material: ratingRequest(reply.text), temperature: 0.1 });
  const read = rating === undefined ? undefined : readScore(rating.text, { least: 0, most: 1 });
  const score = read ?? middle;
  task.offer(reply, score);
  return { reply, score, isRewritten, children: [], visits: 1, total: score };
}

/** The highest own score, of equal ones the first; a rewritten answer without the critique before it. */
function solutionOf(made: readonly Scored[]) {
  const scores = made.map(({ score }) => score);
  const at = scores.indexOf(Math.max(...scores));
  const { reply, isRewritten } = made[at] as Scored;
  return { reply, ...(isRewritten && { text: reply.text }), metadata: { scores, chosen: at + 1 } };
}
