import * as z from 'zod';
import { solutionInstruction } from './prompts/mars.ts';
import type { AnswerOptions } from './solver.ts';

/** One of several who solve the same question and verify each other. */
export const agentParameters = z.strictObject({
  model: z.string().min(1).optional().describe("Its public name; the route's own if left out."),
  temperature: z
    .number()
    .min(0)
    .max(2)
    .optional()
    .describe("Of its solutions, before the request's. Default: the request's, or 0.3, 0.6 and 1 in turn."),
  reasoning_effort: z.string().min(1).max(50).optional(),
});
export type Agent = z.output<typeof agentParameters>;

/** Where neither the agent nor the request says anything, in turn. */
const heats = [0.3, 0.6, 1];

/** How an agent makes a solution. */
export function solutionOptions(agents: readonly Agent[], author: number): AnswerOptions {
  const { model, temperature, reasoning_effort } = agents[author] as Agent;
  const fields = { ...(temperature !== undefined && { temperature }), ...(reasoning_effort && { reasoning_effort }) };
  return { model, temperature: heats[author % heats.length], instruction: solutionInstruction, fields };
}
