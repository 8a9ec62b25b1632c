import * as z from 'zod';
import { gatherCandidates } from '../gather-candidates.ts';
import { commonParameters, count } from '../parameters.ts';
import { selectionRequest } from '../prompts/genselect.ts';
import { derivationRequest, observationRequest, planRequest, programRequest } from '../prompts/plansearch.ts';
import { readList } from '../read-list.ts';
import { readChoice } from '../reading/read-choice.ts';
import type { Reply } from '../reply.ts';
import type { Solution, Solver, Task } from '../solver.ts';

const parameters = z.strictObject({
  ...commonParameters,
  observations: count('Observations that are asked for, each time.', 10, 3),
  plans: count(
    'Solutions in words, each of which becomes a program. With several the choices of a request with `n` are as many programs; else one comparison picks.',
    8,
    1,
  ),
  language: z
    .string()
    .min(1)
    .max(50)
    .optional()
    .describe('The programming language; as the question asks if left out.'),
});
type Parameters = z.output<typeof parameters>;

const searching = { temperature: 0.7, isWhole: true };
const programming = { temperature: 0.1 };

/**
 * Plan search: observations, observations on these, solutions in words, programs (E. Wang and others, "Planning In
 * Natural Language Improves LLM Search For Code Generation", arXiv 2409.03733). With several plans and `n` each plan is a
 * choice; there are then as many plans as choices.
 */
export const plansearch: Solver<Parameters> = {
  kind: 'solver',
  name: 'plansearch',
  parameters,
  keepsFormat: false,
  maximumCalls: ({ plans }, choices = 1) => {
    if (choices > 1) return 2 + 2 * choices;
    return plans === 1 ? 4 : 2 + 2 * plans + 1;
  },
  givesChoices: ({ plans }) => plans > 1,
  solve: async (task, { observations, plans: asked, language }) => {
    const plans = task.choices > 1 ? task.choices : asked;
    const steps = plans === 1 || task.choices > 1 ? 4 : 5;
    task.step(1, steps, 'observations');
    const first = readList((await task.help({ material: observationRequest(observations), ...searching })).text);
    task.step(2, steps, 'derived observations');
    const derived = readList(
      (await task.help({ material: derivationRequest(first, observations), ...searching })).text,
    );

    task.step(3, steps, 'solutions in words');
    const bases = plans === 1 ? [[...first, ...derived]] : distinctBases(task, first, derived, plans);
    const solutions = await Promise.all(
      bases.map((basis) => task.help({ material: planRequest(basis), ...searching })),
    );
    task.step(4, steps, 'programs');
    const requests = solutions.map(({ text }) => ({ material: programRequest(text, language), ...programming }));
    if (requests.length === 1) return { reply: await task.last(requests[0]) };
    const programs = await gatherCandidates(requests.map((request) => task.answer(request)));
    if (task.choices > 1) return { reply: programs[0] as Reply, others: programs.slice(1) };
    task.step(5, steps, 'selection');
    return select(task, programs);
  },
};

async function select(task: Task, programs: readonly Reply[]): Promise<Solution> {
  const [only] = programs;
  if (programs.length === 1) return { reply: only as Reply, metadata: { chosen: 1 } };
  const material = selectionRequest(programs.map(({ text }) => text));
  const selection = await task.tryHelp({ material, temperature: 0.3 });
  const chosen = (selection === undefined ? undefined : readChoice(selection.text, programs.length)) ?? 1;
  return { reply: programs[chosen - 1] as Reply, metadata: { chosen } };
}

/** How many observations of each kind subsets are made of, so that a very long reply costs nothing. */
const most = 10;

/**
 * What each plan builds on: at most 2 of each kind, no two plans on the same as long as there are enough subsets;
 * larger ones first, in random order.
 */
function distinctBases(task: Task, first: readonly string[], derived: readonly string[], plans: number): string[][] {
  const others = subsets(derived.slice(0, most));
  const bases = subsets(first.slice(0, most)).flatMap((some) => others.map((more) => [...some, ...more]));
  const ranked = bases
    .filter((basis) => basis.length > 0)
    .map((basis) => ({ basis, rank: basis.length + task.random() }))
    .toSorted((one, other) => other.rank - one.rank);
  return Array.from({ length: plans }, (_, index) => ranked[index % ranked.length]?.basis ?? []);
}

/** All pairs, all single ones, and none. */
function subsets(texts: readonly string[]): string[][] {
  const pairs = texts.flatMap((text, index) => texts.slice(index + 1).map((later) => [text, later]));
  return [...pairs, ...texts.map((text) => [text]), []];
}
