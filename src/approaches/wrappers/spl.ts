import * as z from 'zod';
import { withInstruction } from '../conversation.ts';
import type { TextFilter } from '../outcome.ts';
import { commonParameters, count } from '../parameters.ts';
import { questionTypes, strategyInstruction, typeRequest } from '../prompts/spl.ts';
import { readName } from '../read-name.ts';
import { withoutThinking } from '../reading/without-thinking.ts';
import type { Task } from '../solver.ts';
import type { Wrapper } from '../stage.ts';
import { learn, lessonCalls } from '../strategies/learn.ts';
import { proven } from '../strategies/strategies.ts';

const parameters = z.strictObject({
  helper_max_tokens: commonParameters.helper_max_tokens,
  learn: z.boolean().default(false).describe('Whether strategies are learned, behind the answer.'),
  max_per_type: count('Strategies that are kept for each type of question.', 30, 10),
});

const mostStrategies = 3;

/**
 * System prompt learning: strategies that helped with questions of a type stand in the system message of further ones.
 * They are learned behind answers, for each caller apart.
 */
export const spl: Wrapper<z.output<typeof parameters>> = {
  kind: 'wrapper',
  name: 'spl',
  parameters,
  maximumCalls: (inner, own) => inner + 1 + (own.learn ? lessonCalls : 0),
  keepsStream: () => true,
  wrap: async (request, next, task, own) => {
    const type = await typeOf(task);
    const known = await task.services.strategies.known(task.caller, type);
    const used = proven(known).slice(0, mostStrategies);
    const texts = used.map(({ text }) => text);
    const messages =
      used.length === 0 ? request.messages : withInstruction(request.messages, strategyInstruction(texts));
    const outcome = await next({ ...request, messages });
    const told = { ...outcome, metadata: { ...outcome.metadata, spl: { type, strategies: used.length } } };
    if (!own.learn) return told;
    const heard = new HeardText(outcome.filter);
    task.afterwards(async () => {
      const answer = outcome.live === undefined ? (outcome.text ?? outcome.reply.text) : withoutThinking(heard.text);
      if (answer.trim() === '') return;
      await learn(task, { type, used, answer, most: own.max_per_type });
    });
    return outcome.live === undefined ? told : { ...told, filter: heard };
  },
};

async function typeOf(task: Task): Promise<string> {
  const { text, finishReason } = await task.help({ material: typeRequest() });
  return (finishReason === 'length' ? undefined : readName(text, questionTypes, ['type'])) ?? 'other';
}

/** Lets a text pass, and keeps it. */
class HeardText implements TextFilter {
  text = '';
  readonly #inner: TextFilter | undefined;

  constructor(inner: TextFilter | undefined) {
    this.#inner = inner;
  }

  push(text: string): string {
    return this.#hear(this.#inner?.push(text) ?? text);
  }

  end(): string {
    return this.#hear(this.#inner?.end() ?? '');
  }

  beside(notation: 'text' | 'json'): TextFilter {
    return this.#inner?.beside?.(notation) ?? unchanged;
  }

  #hear(text: string): string {
    this.text += text;
    return text;
  }
}

const unchanged: TextFilter = { push: (text) => text, end: () => '' };
