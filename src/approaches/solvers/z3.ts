import * as z from 'zod';
import { codeNeeded } from '../code/code-needed.ts';
import { problemOfRun } from '../code/problem-of-run.ts';
import { runWithFixes } from '../code/run-with-fixes.ts';
import { commonParameters } from '../parameters.ts';
import { answerRequest, fixRequest, programRequest } from '../prompts/z3.ts';
import { codeBlocks, readCode } from '../reading/read-code.ts';
import type { Solver } from '../solver.ts';

const fixes = 3;

/**
 * A question that is about constraints is put to the solver Z3 by a program of the model, and answered by what that
 * prints; any other question, and one for which no program runs, is answered by a plain call.
 */
export const z3: Solver<Record<string, unknown>> = {
  kind: 'solver',
  name: 'z3',
  parameters: z.strictObject(commonParameters),
  keepsFormat: false,
  maximumCalls: () => 1 + fixes + 1,
  missing: codeNeeded,
  solve: async (task) => {
    task.step(1, 3, 'constraints');
    const first = await task.help({ material: programRequest, isWhole: true });
    const [block] = codeBlocks(first.text);
    if (block === undefined) return { reply: await task.last(), metadata: { applicable: false, runs: 0 } };

    task.step(2, 3, 'run');
    const { program, run, problem, runs } = await runWithFixes(task, first, {
      fixes,
      read: ({ text }) => readCode(text),
      problem: (one) => problemOfRun(one) ?? (one.output.trim() === '' ? 'it printed nothing' : undefined),
      fix: (failed, why) => task.help({ material: fixRequest(failed, why), isWhole: true }),
    });
    const metadata = { applicable: true, executed: problem === undefined, runs };

    task.step(3, 3, 'answer');
    if (problem !== undefined) return { reply: await task.last(), metadata };
    return { reply: await task.last({ material: answerRequest(program, run.output) }), metadata };
  },
};
