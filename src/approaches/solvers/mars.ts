import * as z from 'zod';
import { gatherCandidates } from '../gather-candidates.ts';
import { majorityOf } from '../majority.ts';
import { commonParameters, count } from '../parameters.ts';
import * as prompts from '../prompts/mars.ts';
import { extractAnswer } from '../reading/extract-answer.ts';
import { sameAnswer } from '../reading/normalise-answer.ts';
import { readVerdict } from '../reading/read-verdict.ts';
import type { Reply } from '../reply.ts';
import { settleAll } from '../sampling.ts';
import type { AnswerOptions, Solution, Solver, Task } from '../solver.ts';
import { type Agent, agentParameters, solutionOptions } from '../solving-agent.ts';

const parameters = z.strictObject({
  ...commonParameters,
  agents: z
    .union([z.int().min(1).max(16), z.array(agentParameters).min(1).max(16)])
    .default(3)
    .describe('Who solves and verifies: how many, or a list of models with their settings.'),
  aggregate_loops: count('How often all solutions are replaced by better ones made from several.', 8, 1, 0),
  group: count('Solutions that such a better one is made from.', 16, 3),
  iterations: count('The most rewrites of a solution in which a mistake was found.', 16, 3, 0),
});
type Parameters = z.output<typeof parameters>;

/**
 * Agents that solve, aggregate, verify each other and rewrite (the verification as in Y. Huang and L. F. Yang, "Gemini
 * 2.5 Pro Capable of Winning Gold at IMO 2025", arXiv 2507.15855; the aggregation as in S. Venkatraman and others,
 * "Recursive Self-Aggregation Unlocks Deep Thinking in Large Language Models", arXiv 2509.26626).
 */
export const mars: Solver<Parameters> = {
  kind: 'solver',
  name: 'mars',
  parameters,
  models: (values) =>
    agentsOf(values).flatMap(({ model }, at) =>
      model === undefined ? [] : [{ name: model, path: ['agents', at, 'model'] }],
    ),
  keepsFormat: true,
  maximumCalls: (values) => {
    const size = agentsOf(values).length;
    return size + values.aggregate_loops * size + size * (3 * values.iterations + 2) + 1;
  },
  solve: async (task, values) => {
    const { aggregate_loops, group, iterations } = values;
    const agents = agentsOf(values);
    const steps = aggregate_loops + 3;
    task.step(1, steps, 'solutions');
    let drafts = await draftByEach(task, agents, () => ({}));
    for (let loop = 1; loop <= aggregate_loops; loop++) {
      task.step(1 + loop, steps, 'aggregation');
      const old = drafts.map(({ reply }) => reply.text);
      drafts = await draftByEach(task, agents, (index) => ({
        material: prompts.aggregationRequest(takeAround(old, index, group)),
      }));
    }
    task.step(steps - 1, steps, 'verification');
    const checked = await Promise.all(drafts.map((draft) => improve(task, agents, draft, iterations)));
    task.step(steps, steps, 'answer');
    return choose(task, checked);
  },
};

interface Draft {
  readonly reply: Reply;
  /** Index of the agent that wrote it. */
  readonly author: number;
}

type Checked = Draft & { readonly isVerified: boolean; readonly rewrites: number };

function agentsOf({ agents }: Parameters): Agent[] {
  return typeof agents === 'number' ? Array.from({ length: agents }, () => ({})) : agents;
}

/** One solution of each agent, without those that failed. */
function draftByEach(task: Task, agents: readonly Agent[], shown: (index: number) => AnswerOptions): Promise<Draft[]> {
  const making = agents.map(async (_, author) => {
    const reply = await task.answer({ ...solutionOptions(agents, author), ...shown(author) });
    return { reply, author };
  });
  return gatherCandidates(making);
}

/** So many of them, from the one at that place on, so that each is seen equally often. */
function takeAround(texts: readonly string[], index: number, size: number): string[] {
  const start = index % texts.length;
  return [...texts.slice(start), ...texts.slice(0, start)].slice(0, size);
}

/** Verifies a solution, and has it rewritten by its author as long as there are findings. */
async function improve(task: Task, agents: readonly Agent[], draft: Draft, iterations: number): Promise<Checked> {
  const { author } = draft;
  let { reply } = draft;
  for (let rewrites = 0; ; rewrites++) {
    const { isVerified, findings } = await verify(task, agents, { reply, author });
    const checked = { reply, author, isVerified, rewrites };
    if (isVerified || rewrites === iterations) return checked;
    const material = prompts.rewriteRequest(reply.text, findings);
    const { values } = await settleAll([task.answer({ ...solutionOptions(agents, author), material })]);
    if (values[0] === undefined) return checked;
    reply = values[0];
  }
}

/** Verified is what the next agent calls correct twice in a row. */
async function verify(task: Task, agents: readonly Agent[], { reply, author }: Draft) {
  const { model, reasoning_effort } = agents[(author + 1) % agents.length] as Agent;
  const options = { model, temperature: 0.1, ...(reasoning_effort && { fields: { reasoning_effort } }) };
  for (const confirmations of [1, 2]) {
    const check = await task.tryHelp({ ...options, material: prompts.verificationRequest(reply.text) });
    if (readVerdict(check?.text ?? '') === 'INCORRECT') return { isVerified: false, findings: check?.text };
    task.offer(reply, confirmations);
  }
  return { isVerified: true, findings: undefined };
}

async function choose(task: Task, checked: readonly Checked[]): Promise<Solution> {
  const told = { verified: checked.map((one) => one.isVerified), rewrites: checked.map((one) => one.rewrites) };
  const verified = checked.filter((one) => one.isVerified);
  const { winner, votes } = majorityOf(verified.map(({ reply }) => reply));
  const one = verified[winner] ?? firstShared(checked);
  if (one !== undefined) return { reply: one.reply, metadata: { ...told, votes, chosen: checked.indexOf(one) + 1 } };
  const material = prompts.synthesisRequest(checked.map(({ reply }) => reply.text));
  return { reply: await task.last({ material, temperature: 0.3 }), metadata: { ...told, votes, chosen: null } };
}

/** The first whose extracted answer another one has too. */
function firstShared(checked: readonly Checked[]): Checked | undefined {
  const answers = checked.map(({ reply }) => extractAnswer(reply.text));
  return checked.find((_, at) => {
    const own = answers[at];
    return own !== undefined && answers.some((other, to) => to !== at && other !== undefined && sameAnswer(own, other));
  });
}
