import type { Answer } from '../types/answer.ts';
import type { Reply } from './reply.ts';

/** Makes the calls whose text can become the answer. A wrapper may put itself in between. */
export interface AnswerCalls {
  /**
   * One whole answer, of as many choices as `n` asks for.
   * @param fields of the request, without `model` and `stream`
   * @param model a public name in place of the route
   */
  complete(fields: Readonly<Record<string, unknown>>, model?: string): Promise<Reply[]>;
  /** `backend:model` of all who may answer, the first one first. */
  targets(model?: string): readonly string[];
  /** One streamed answer, of which the first output is there. */
  stream(fields: Readonly<Record<string, unknown>>, model?: string): Promise<Answer>;
}
