import * as z from 'zod';
import { withQuestion } from '../conversation.ts';
import { commonParameters } from '../parameters.ts';
import { prompts } from '../prompts.ts';
import type { Solver } from '../solver.ts';

/** The question is read twice (X. Xu and others, "Re-Reading Improves Reasoning in Large Language Models", arXiv 2309.06275). */
export const re2: Solver<Record<string, unknown>> = {
  kind: 'solver',
  name: 're2',
  parameters: z.strictObject(commonParameters),
  keepsFormat: true,
  maximumCalls: () => 1,
  solve: async (task) => {
    const twice = `${task.question}\n\n${prompts.readAgain}\n\n${task.question}`;
    return { reply: await task.last({ messages: withQuestion(task.messages, twice) }) };
  },
};
