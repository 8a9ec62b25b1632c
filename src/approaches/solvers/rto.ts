import * as z from 'zod';
import { commonParameters } from '../parameters.ts';
import { codeInstruction, codeRequest, descriptionRequest, reconciliationRequest } from '../prompts/rto.ts';
import { readCode } from '../reading/read-code.ts';
import type { Solver } from '../solver.ts';
import { wholeAnswer } from '../whole-answer.ts';

const temperature = 0.1;

/**
 * Round-trip optimisation: code, its description, and code from that description; where the two programs differ, both
 * are reconciled (M. Allamanis and others, "Unsupervised Evaluation of Code LLMs with Round-Trip Correctness", arXiv
 * 2402.08699; A. Sharma, "Patched RTC: evaluating LLMs for diverse software development tasks", arXiv 2407.16557).
 */
export const rto: Solver<Record<string, unknown>> = {
  kind: 'solver',
  name: 'rto',
  parameters: z.strictObject(commonParameters),
  keepsFormat: false,
  maximumCalls: () => 4,
  solve: async (task) => {
    task.step(1, 4, 'code');
    const reply = await wholeAnswer(task, { instruction: codeInstruction, temperature });
    const first = readCode(reply.text);

    task.step(2, 4, 'description');
    const describing = [{ role: 'user', content: descriptionRequest(first) }];
    const description = await task.help({ messages: describing, temperature, isWhole: true });

    task.step(3, 4, 'code from the description');
    const coding = [{ role: 'user', content: codeRequest(description.text) }];
    const second = readCode((await task.help({ messages: coding, temperature, isWhole: true })).text);
    if (withoutLineEnds(first) === withoutLineEnds(second)) return { reply };

    task.step(4, 4, 'final code');
    return { reply: await task.last({ material: reconciliationRequest(first, second), temperature }) };
  },
};

/** Without white space at line ends and behind the last line. */
function withoutLineEnds(code: string): string {
  const lines = code.split('\n').map((line) => line.trimEnd());
  return lines.join('\n').trimEnd();
}
