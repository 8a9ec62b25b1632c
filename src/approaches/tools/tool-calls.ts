import { GatewayError } from '../../gateway-error.ts';
import type { Answer } from '../../types/answer.ts';
import type { AnswerCalls } from '../answer-calls.ts';
import type { Reply } from '../reply.ts';
import { endsAll } from '../sampling.ts';
import { ToolRounds } from './tool-rounds.ts';
import { openToolStream } from './tool-stream.ts';
import type { Toolbox } from './toolbox.ts';

type Fields = Readonly<Record<string, unknown>>;

export interface ToolCallsOptions {
  readonly toolbox: Toolbox;
  readonly maxRounds: number;
  /** Of the request, beside its tools: `tool_choice`, `parallel_tool_calls`. */
  readonly settings: Fields;
}

/** Makes answer calls with tools: each runs the tools that it asks for, until it is an answer. */
export class ToolCalls implements AnswerCalls {
  readonly #calls: AnswerCalls;
  readonly #options: ToolCallsOptions;

  constructor(calls: AnswerCalls, options: ToolCallsOptions) {
    this.#calls = calls;
    this.#options = options;
  }

  /** Several choices begin as one call, and each goes on by itself. */
  async complete(fields: Fields, model?: string): Promise<Reply[]> {
    const { n, ...single } = fields;
    const first = { ...this.#rounds(single).fields(), ...(n !== undefined && { n }) };
    const replies = await this.#calls.complete(first, model);
    if (replies.length <= 1) return Promise.all(replies.map((reply) => this.#goOn(reply, single, model)));
    const failures: unknown[] = [];
    const answers = await Promise.all(
      replies.map((reply, at) =>
        this.#goOn(reply, reseeded(single, at), model).catch((error: unknown) => {
          if (endsAll(error)) throw error;
          failures.push(error);
          return { ...reply, text: '' }; // as any candidate that came to nothing
        }),
      ),
    );
    if (failures.length === replies.length) throw failures[0];
    return answers;
  }

  targets(model?: string): readonly string[] {
    return this.#calls.targets(model);
  }

  stream(fields: Fields, model?: string): Promise<Answer> {
    return openToolStream(this.#rounds(fields), (now) => this.#calls.stream(now, model));
  }

  #rounds(fields: Fields): ToolRounds {
    const { toolbox, maxRounds, settings } = this.#options;
    return new ToolRounds(toolbox, toolbox.definitions.length === 0 ? fields : { ...fields, ...settings }, maxRounds);
  }

  async #goOn(first: Reply, fields: Fields, model: string | undefined): Promise<Reply> {
    const rounds = this.#rounds(fields);
    let reply = first;
    while (await rounds.take(reply.message)) {
      const [next] = await this.#calls.complete(rounds.fields(), model);
      if (next === undefined) throw new GatewayError('upstream_error', 'the backend answered without any choice');
      reply = next;
    }
    return { ...reply, ...rounds.final(reply.message, reply.finishReason) };
  }
}

/** Candidates that go on from the same call are to differ. */
function reseeded(fields: Fields, at: number): Fields {
  return typeof fields.seed === 'number' ? { ...fields, seed: fields.seed + at } : fields;
}
