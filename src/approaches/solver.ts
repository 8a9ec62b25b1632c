import type * as z from 'zod';
import type { ApproachesConfig } from '../config/approaches-config.ts';
import type { Work } from './afterwork.ts';
import type { Message } from './conversation.ts';
import type { TextFilter } from './outcome.ts';
import type { Branch } from './plan.ts';
import type { Reply } from './reply.ts';
import type { ApproachServices } from './services.ts';
import type { StageNeeds } from './stage-needs.ts';

/**
 * A way from a question to an answer by one or several calls. Each is one file over the one `Task`, and one line in
 * `registry.ts`.
 */
export interface Solver<Parameters = unknown> extends StageNeeds<Parameters> {
  readonly kind: 'solver';
  readonly name: string;
  /** What a route or a request may set, with the defaults. */
  readonly parameters: z.ZodType<Parameters>;
  /** Whether `response_format` goes out with its answer calls; false: it has an output form of its own. */
  readonly keepsFormat: boolean;
  /**
   * The most upstream calls, where the backend honours `n`.
   * @param choices above 1 only where `givesChoices` says so
   * @param question the most tokens that the question has; left out: as many as there may be
   */
  maximumCalls(parameters: Parameters, choices?: number, question?: number): number;
  /** How often, about, its calls read the whole prompt; left out: each of them does. */
  wholePrompts?(parameters: Parameters): number;
  /** Texts that come beyond one of each call, as some calls ask for several by `n`; left out: none. */
  furtherOutputs?(parameters: Parameters): number;
  /** Whether one run gives as many choices as the client wants; left out: it is run once for each. */
  givesChoices?(parameters: Parameters): boolean;
  /** What may run in its place, where it chooses among others; left out: nothing. */
  mayRun?(parameters: Parameters): readonly Branch[];
  solve(task: Task, parameters: Parameters): Promise<Solution>;
}

/** What a solver answers. */
export interface Solution {
  /** The reply that becomes the answer. */
  readonly reply: Reply;
  /** Further choices, where the client wants several and `givesChoices` says so; in order, without the first. */
  readonly others?: readonly Reply[];
  /** The answer's text where it is not the reply's own. */
  readonly text?: string;
  /** For a reply that is passed on as it comes: makes the answer's text of what comes. */
  readonly filter?: TextFilter;
  /** What is told beside the answer: votes, scores, the one that was chosen. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** How an answer call differs from the request. */
export interface AnswerOptions {
  /** Where neither the approach's parameters nor the request say anything; undefined: none is sent. */
  readonly temperature?: number | undefined;
  /** An instruction that is added to the system message. */
  readonly instruction?: string;
  /** A user message with the material, which is added at the end. */
  readonly material?: string;
  /** In place of the whole conversation. */
  readonly messages?: readonly Message[];
  /** A public model name in place of the route's own. */
  readonly model?: string | undefined;
  /** Further request fields, such as `logprobs`. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** How a helper call is made. */
export interface HelpOptions extends AnswerOptions {
  /** Later steps build on its text, so that a truncated one is asked once more and is then an error. */
  readonly isWhole?: boolean;
}

/** One question, and the calls that a solver may make for it. */
export interface Task {
  /** The conversation as it was sent. */
  readonly messages: readonly Message[];
  /** The text of the last user message. */
  readonly question: string;
  /** Its beginning, before transforms added to it. */
  readonly original: string;
  /** How many choices this run is to give; above 1 only where the solver's `givesChoices` says so. */
  readonly choices: number;
  /**
   * Samples so many candidates, by one call where the backend honours `n`. Those that fail are left out.
   * @returns at least one, in order
   * @throws GatewayError of the first, where all fail
   */
  sample(count: number, options?: AnswerOptions): Promise<Reply[]>;
  /** One call whose text can become the answer. */
  answer(options?: AnswerOptions): Promise<Reply>;
  /** The last call, whose text is the answer: it is passed on as it comes where the client asked for a stream. */
  last(options?: AnswerOptions): Promise<Reply>;
  /** One call that is not the answer: a rating, a critique, a plan. */
  help(options: HelpOptions): Promise<Reply>;
  /** A call whose failure does not matter: undefined where it failed or was cut off. A refused key ends all. */
  tryHelp(options: HelpOptions): Promise<Reply | undefined>;
  /** What would be the answer if the time or the money were over now; the highest rating counts, else the first. */
  offer(reply: Reply, rating?: number): void;
  /** Says which step begins. */
  step(number: number, of: number, name: string): void;
  /** At least 0 and less than 1; from `seed` where the request has one. */
  random(): number;
  /** What holds for the approaches of the whole gateway. */
  readonly settings: ApproachesConfig;
  /** Aborted when the client leaves or the budget is spent; for what is waited for beside calls, such as pages. */
  readonly signal: AbortSignal;
  /** How many tokens each text has, in order; exact for one common tokenizer, near enough for the others. */
  tokensOf(texts: readonly string[]): Promise<readonly number[]>;
  /** The caller's name; `anonymous` where the gateway has no keys. */
  readonly caller: string;
  /** What is shared beyond this request. */
  readonly services: ApproachServices;
  /** Lets other stages answer in its place, by their own parameters. */
  handOver(branch: Branch): Promise<Solution>;
  /** Does something when the client has its whole answer; not done where it left, or the answer is an error. */
  afterwards(work: Work): void;
}
