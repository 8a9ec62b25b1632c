import * as z from 'zod';
import { withQuestion } from '../conversation.ts';
import { chunksOf, mostChunks, splitQuestion } from '../long-context.ts';
import { type AskText, LongReader } from '../long-reader.ts';
import { commonParameters, count } from '../parameters.ts';
import { type Answered, answerRequest, planRequest, restateRequest, summaryRequest } from '../prompts/longcepo.ts';
import { readList } from '../read-list.ts';
import type { Solver, Task } from '../solver.ts';

const parameters = z.strictObject({
  ...commonParameters,
  sub_questions: count('Questions that are answered before the question itself, at most.', 10, 3, 0),
  chunk_tokens: count('Tokens of a piece; a shorter context is asked about as it is.', 1_000_000, 4096, 10),
  neighbours: count('Pieces around a piece whose summaries are shown with it.', 100, 5, 0),
  window_tokens: count('Tokens of what was found in all pieces, when an answer is made of it.', 1_000_000, 8192, 10),
});

type Parameters = z.output<typeof parameters>;

const temperature = 0.7;

/**
 * Plans questions about a text that is longer than a window, and answers each by reading it piece by piece (Cerebras,
 * "LongCePO: Empowering LLMs to efficiently leverage infinite context", after the divide and conquer over chunks of
 * Z. Zhou and others, "LLM x MapReduce: Simplified Long-Sequence Processing using Large Language Models", arXiv
 * 2410.09342).
 */
export const longcepo: Solver<Parameters> = {
  kind: 'solver',
  name: 'longcepo',
  parameters,
  keepsFormat: true,
  maximumCalls: ({ sub_questions, chunk_tokens, neighbours }, _choices, question = Number.POSITIVE_INFINITY) => {
    if (question <= chunk_tokens) return 1;
    const pieces = mostChunks(question, chunk_tokens);
    // Each question reads all pieces, merges them to one in the worst case, and is answered.
    return 3 + (neighbours === 0 ? 0 : pieces) + (sub_questions + 1) * (pieces + (pieces - 1) + 1);
  },
  wholePrompts: ({ sub_questions }) => 4 + 3 * (sub_questions + 1),
  solve: async (task, { sub_questions, chunk_tokens, neighbours, window_tokens }) => {
    const { context, question } = splitQuestion(task.question, task.original);
    const [length = 0] = context === '' ? [0] : await task.tokensOf([context]);
    if (length <= chunk_tokens) return { reply: await task.last() };
    const chunks = await chunksOf(context, chunk_tokens, (texts) => task.tokensOf(texts));
    const ask = asker(task);
    task.step(1, 3, 'plan');
    const [plan, summaries] = await Promise.all([
      planned(ask, question, sub_questions),
      neighbours === 0 ? [] : Promise.all(chunks.map((chunk) => ask(summaryRequest(chunk, question)))),
    ]);
    task.step(2, 3, 'read');
    const reader = new LongReader(task, ask, { chunks, summaries, neighbours, window: window_tokens });
    const answers: Answered[] = [];
    for (const asked of [...plan.questions, plan.restated]) {
      answers.push({ question: asked, answer: await reader.read(asked, answers) });
    }
    task.step(3, 3, 'answer');
    const messages = withQuestion(task.messages, answerRequest(answers, question));
    const reply = await task.last({ messages, temperature });
    return { reply, metadata: { chunks: chunks.length, sub_questions: plan.questions.length } };
  },
};

/** Asks with the conversation as it was sent, but for its long text. */
function asker(task: Task): AskText {
  return async (prompt) => {
    const messages = withQuestion(task.messages, prompt);
    return (await task.help({ messages, temperature, isWhole: true })).text;
  };
}

async function planned(ask: AskText, question: string, most: number) {
  const restated = await ask(restateRequest(question));
  if (most === 0) return { restated, questions: [] };
  return { restated, questions: readList(await ask(planRequest(restated, most))).slice(0, most) };
}
