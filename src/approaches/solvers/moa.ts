import * as z from 'zod';
import { gatherCandidates } from '../gather-candidates.ts';
import { commonParameters, count } from '../parameters.ts';
import { aggregationRequest, critiqueRequest, proposalRequest } from '../prompts/moa.ts';
import type { Reply } from '../reply.ts';
import type { AnswerOptions, Solver, Task } from '../solver.ts';
import { namedModels } from '../stage-needs.ts';

const model = z.string().min(1);
const parameters = z.strictObject({
  ...commonParameters,
  candidates: z
    .int()
    .min(1)
    .max(32)
    .optional()
    .describe(
      'Candidates of each layer, dealt out to the proposers in turn. Default: 3, or one for each of several proposers.',
    ),
  proposers: z
    .array(model)
    .min(1)
    .max(16)
    .optional()
    .describe("The models that give candidates, by their public names; the route's own if left out."),
  layers: count('How often candidates are made, each time but the first from those before.', 8, 1),
  critique: z.boolean().default(true).describe('Whether a call names the strengths and weaknesses of the candidates.'),
  aggregator: model
    .optional()
    .describe("The model that reviews and answers, by its public name; the route's own if left out."),
  aggregator_temperature: z
    .number()
    .min(0)
    .max(2)
    .optional()
    .describe("The temperature of the last answer, before the request's. Default: the request's, or 0.1."),
});
type Parameters = z.output<typeof parameters>;

/**
 * Mixture of agents: several candidates, a critique, and an answer made from all of them (J. Wang and others,
 * "Mixture-of-Agents Enhances Large Language Model Capabilities", arXiv 2406.04692; the critique as in A. Sharma,
 * "Patched MOA: optimizing inference for diverse software development tasks", arXiv 2407.18521).
 */
export const moa: Solver<Parameters> = {
  kind: 'solver',
  name: 'moa',
  parameters,
  models: (values) => namedModels(values, 'aggregator', 'proposers'),
  keepsFormat: true,
  maximumCalls: (values) => values.layers * deal(values).length + (values.critique ? 1 : 0) + 1,
  furtherOutputs: (values) => values.layers * deal(values).reduce((sum, hand) => sum + hand.candidates - 1, 0),
  solve: async (task, values) => {
    const { layers, critique, aggregator, aggregator_temperature } = values;
    const steps = layers + (critique ? 1 : 0) + 1;
    let texts: string[] = [];
    for (let layer = 1; layer <= layers; layer++) {
      task.step(layer, steps, 'candidates');
      const shown = layer === 1 ? {} : { material: proposalRequest(texts) };
      texts = (await propose(task, deal(values), shown)).map(({ text }) => text);
    }
    if (critique) task.step(layers + 1, steps, 'critique');
    const review = critique
      ? await task.tryHelp({ material: critiqueRequest(texts), temperature: 0.1, model: aggregator })
      : undefined;
    task.step(steps, steps, 'answer');
    const reply = await task.last({
      material: aggregationRequest(texts, review?.text),
      temperature: 0.1,
      model: aggregator,
      ...(aggregator_temperature !== undefined && { fields: { temperature: aggregator_temperature } }),
    });
    return { reply };
  },
};

interface Hand {
  /** Undefined: the route's own model. */
  readonly model: string | undefined;
  readonly candidates: number;
}

/** How many candidates each proposer gives. */
function deal({ candidates, proposers = [] }: Parameters): Hand[] {
  const models = proposers.length === 0 ? [undefined] : proposers;
  const all = candidates ?? (models.length === 1 ? 3 : models.length);
  return models
    .map((proposer, at) => ({ model: proposer, candidates: Math.ceil((all - at) / models.length) }))
    .filter((hand) => hand.candidates > 0);
}

/** One layer's candidates, without those of proposers that failed. */
async function propose(task: Task, hands: readonly Hand[], shown: AnswerOptions): Promise<Reply[]> {
  const making = hands.map((hand) => task.sample(hand.candidates, { ...shown, temperature: 1, model: hand.model }));
  return (await gatherCandidates(making)).flat();
}
