import * as z from 'zod';
import { commonParameters, count } from '../parameters.ts';
import {
  answerRequest,
  condensationRequest,
  exampleQuestion,
  exampleRequest,
  principleRequest,
} from '../prompts/leap.ts';
import { extractAnswer } from '../reading/extract-answer.ts';
import { sameAnswer } from '../reading/normalise-answer.ts';
import { readJson } from '../reading/read-json.ts';
import type { Reply } from '../reply.ts';
import type { Solver, Task } from '../solver.ts';

const parameters = z.strictObject({
  ...commonParameters,
  examples: count('The most examples of a question that are used, from its first on.', 32, 8),
});

/** How many principles the last call gets at most. */
const mostPrinciples = 8;

/**
 * Learning principles: the model answers the question's own examples, and learns from its mistakes there (T. Zhang and
 * others, "In-Context Principle Learning from Mistakes", arXiv 2402.05403).
 */
export const leap: Solver<z.output<typeof parameters>> = {
  kind: 'solver',
  name: 'leap',
  parameters,
  keepsFormat: false,
  maximumCalls: ({ examples }) => 2 * examples + 3,
  solve: async (task, { examples: most }) => {
    task.step(1, 5, 'examples');
    const found = await task.help({ material: exampleRequest, isWhole: true });
    const examples = readExamples(found.text).slice(0, most);

    task.step(2, 5, 'mistakes');
    const attempts = await Promise.all(examples.map((example) => attempt(task, example)));
    const mistakes = attempts.filter(isMistaken);
    const metadata = { examples: examples.length, mistakes: mistakes.length };
    if (mistakes.length === 0) {
      task.step(5, 5, 'answer');
      return { reply: await task.last(), metadata };
    }

    task.step(3, 5, 'principles');
    const principles = await Promise.all(mistakes.map((mistake) => learn(task, mistake)));
    task.step(4, 5, 'condensed principles');
    const condensing = condensationRequest(principles, mostPrinciples);
    const condensed = await task.help({ material: condensing, isWhole: true });
    task.step(5, 5, 'answer');
    return { reply: await task.last({ material: answerRequest(condensed.text) }), metadata };
  },
};

interface Example {
  readonly question: string;
  readonly answer: string;
}

interface Attempt {
  readonly example: Example;
  readonly reply: Reply;
}

/** What is no example in the list is left out; a reply without a list has none. */
function readExamples(text: string): Example[] {
  const value = readJson(text);
  if (!Array.isArray(value)) return [];
  return value.flatMap((one: { question?: unknown; answer?: unknown } | null) => {
    const [question, answer] = [textOf(one?.question), textOf(one?.answer)];
    return question === '' || answer === '' ? [] : [{ question, answer }];
  });
}

function textOf(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' ? value.trim() : '';
}

async function attempt(task: Task, example: Example): Promise<Attempt> {
  const messages = [{ role: 'user', content: exampleQuestion(example.question) }];
  return { example, reply: await task.help({ messages, temperature: 0.7, isWhole: true }) };
}

function isMistaken({ example, reply }: Attempt): boolean {
  const right = extractAnswer(example.answer) ?? example.answer;
  return !sameAnswer(extractAnswer(reply.text) ?? reply.text, right);
}

async function learn(task: Task, { example, reply }: Attempt): Promise<string> {
  const material = principleRequest(example.question, reply.text, example.answer);
  return (await task.help({ material, isWhole: true })).text;
}
