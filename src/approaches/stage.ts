import type * as z from 'zod';
import type { Answer } from '../types/answer.ts';
import type { ChatRequest } from './chat-request.ts';
import type { TextFilter } from './outcome.ts';
import type { Reply } from './reply.ts';
import type { Solver, Task } from './solver.ts';
import type { StageNeeds } from './stage-needs.ts';

/** What a part of a pipeline came to. */
export interface StageOutcome {
  readonly reply: Reply;
  /** The answer's text where it is not the reply's own. */
  readonly text?: string | undefined;
  /** The answer's bytes as they come, where they do. */
  readonly live?: Answer | undefined;
  readonly filter?: TextFilter | undefined;
  /** What is given in place of `live`, where that is ended before its first text. */
  readonly best?: Reply | undefined;
  /** Further choices of the client's, where the solver gives several of them by itself. */
  readonly others?: readonly Reply[] | undefined;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Adds to the question before anything is asked. */
export interface Transform<Parameters = unknown> extends StageNeeds<Parameters> {
  readonly kind: 'transform';
  readonly name: string;
  readonly parameters: z.ZodType<Parameters>;
  maximumCalls(parameters: Parameters): number;
  /** The most tokens that it adds, about. */
  maximumTokens(parameters: Parameters): number;
  /** What is added behind the question; `''`: nothing. */
  apply(task: Task, parameters: Parameters): Promise<string>;
}

/** Stands before and behind the calls of what follows. */
export interface Wrapper<Parameters = unknown> extends StageNeeds<Parameters> {
  readonly kind: 'wrapper';
  readonly name: string;
  readonly parameters: z.ZodType<Parameters>;
  /**
   * @param inner the most calls of what follows
   * @param question the most tokens that the question has
   */
  maximumCalls(inner: number, parameters: Parameters, question: number): number;
  /** How often, about, its own calls read the whole prompt; left out: each of them does. */
  wholePrompts?(parameters: Parameters): number;
  /** Whether what follows may be passed on as it comes, for this request. */
  keepsStream(request: ChatRequest): boolean;
  wrap(
    request: ChatRequest,
    next: (request: ChatRequest) => Promise<StageOutcome>,
    task: Task,
    parameters: Parameters,
  ): Promise<StageOutcome>;
}

/** A named part of a pipeline. */
export type Stage = Solver | Transform | Wrapper;
