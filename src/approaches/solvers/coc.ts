import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { answeringProgram } from '../code/answer-of-code.ts';
import { codeNeeded } from '../code/code-needed.ts';
import { problemOfRun } from '../code/problem-of-run.ts';
import { runWithFixes } from '../code/run-with-fixes.ts';
import { commonParameters } from '../parameters.ts';
import { answerText, fixRequest, playRequest, programInstruction } from '../prompts/coc.ts';
import { readCode } from '../reading/read-code.ts';
import type { Solver } from '../solver.ts';
import { wholeAnswer } from '../whole-answer.ts';

const fixes = 2;

/**
 * Chain of code: the model reasons by a program, which is run; where it cannot be run, the model plays the machine (C. Li
 * and others, "Chain of Code: Reasoning with a Language Model-Augmented Code Emulator", arXiv 2312.04474).
 */
export const coc: Solver<Record<string, unknown>> = {
  kind: 'solver',
  name: 'coc',
  parameters: z.strictObject(commonParameters),
  keepsFormat: false,
  maximumCalls: () => 1 + fixes + 1,
  missing: codeNeeded,
  solve: async (task) => {
    task.step(1, 3, 'program');
    const instruction = programInstruction;
    const first = await wholeAnswer(task, { instruction });

    task.step(2, 3, 'run');
    const mark = randomUUID();
    const readValue = (output: string) => answeringProgram('', mark).read(output);
    const { reply, program, run, problem, runs } = await runWithFixes(task, first, {
      fixes,
      read: ({ text }) => readCode(text),
      whole: (written) => answeringProgram(written, mark).source,
      problem: (one) =>
        problemOfRun(one) ?? (readValue(one.output) === undefined ? 'it ended without an answer' : undefined),
      fix: (failed, why) => wholeAnswer(task, { instruction, material: fixRequest(failed, why) }),
    });
    if (problem === undefined) {
      const answer = readValue(run.output) ?? '';
      return { reply, text: answerText(reply.text, answer), metadata: { executed: true, runs, answer } };
    }

    task.step(3, 3, 'play');
    return { reply: await task.last({ material: playRequest(program) }), metadata: { executed: false, runs } };
  },
};
