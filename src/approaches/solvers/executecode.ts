import * as z from 'zod';
import { codeNeeded } from '../code/code-needed.ts';
import { problemOfRun } from '../code/problem-of-run.ts';
import { commonParameters } from '../parameters.ts';
import { answerRequest, codeInstruction } from '../prompts/executecode.ts';
import { codeBlocks } from '../reading/read-code.ts';
import type { Solver } from '../solver.ts';
import { wholeAnswer } from '../whole-answer.ts';

/** Runs the program of a reply and has it answered anew by what that printed; a reply without one is the answer. */
export const executecode: Solver<Record<string, unknown>> = {
  kind: 'solver',
  name: 'executecode',
  parameters: z.strictObject(commonParameters),
  keepsFormat: false,
  maximumCalls: () => 2,
  missing: codeNeeded,
  solve: async (task) => {
    task.step(1, 3, 'draft');
    const hasProgram = ({ text }: { readonly text: string }) => pythonOf(text) !== undefined;
    const reply = await wholeAnswer(task, { instruction: codeInstruction }, hasProgram);
    const program = pythonOf(reply.text);
    if (program === undefined) return { reply, metadata: { executed: false } };

    task.step(2, 3, 'run');
    const { runCode } = await import('../code/run-code.ts'); // what starts processes is loaded when one is started
    const run = await runCode(program, task.settings.codeExecution, task.signal);
    const printed = [run.output.trim(), problemOfRun(run) ?? ''].filter(Boolean).join('\n') || '(nothing)';

    task.step(3, 3, 'answer');
    const metadata = { executed: true, failed: run.failure !== undefined };
    return { reply: await task.last({ material: answerRequest(reply.text, printed) }), metadata };
  },
};

const pythonNames = new Set(['', 'python', 'python3', 'py']);

/** The first block of Python, which a block that does not say what it is counts as too. */
function pythonOf(text: string): string | undefined {
  for (const { language, code } of codeBlocks(text)) {
    const [name = ''] = language.toLowerCase().match(/[^\s{}.:,]+/) ?? [];
    if (pythonNames.has(name) && code.trim() !== '') return code;
  }
  return undefined;
}
