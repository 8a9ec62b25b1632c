import * as z from 'zod';
import { textOf } from '../conversation.ts';
import { commonParameters } from '../parameters.ts';
import { reflectionInstruction } from '../prompts/cot-reflection.ts';
import { OutputTagReader } from '../reading/output-tag-reader.ts';
import { readOutput } from '../reading/read-output.ts';
import type { Solver } from '../solver.ts';

const parameters = z.strictObject({
  ...commonParameters,
  full_response: z.boolean().default(false).describe('Whether the thinking and all tags are given as well.'),
});

/**
 * The model thinks step by step, reviews its thoughts and then answers, each in tags of its own; the answer alone is
 * given (J. Wei and others, "Chain-of-Thought Prompting Elicits Reasoning in Large Language Models", arXiv 2201.11903).
 */
export const cotReflection: Solver<z.output<typeof parameters>> = {
  kind: 'solver',
  name: 'cot_reflection',
  parameters,
  keepsFormat: false,
  maximumCalls: () => 1,
  solve: async (task, { full_response }) => {
    const reply = await task.last({ instruction: reflectionInstruction, temperature: 0.6 });
    if (full_response) return { reply };
    if (reply.isLive) return { reply, filter: new OutputTagReader() };
    const whole = textOf(reply.message.content);
    const text = readOutput(whole);
    return text === whole ? { reply } : { reply, text };
  },
};
