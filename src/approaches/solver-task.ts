import type { ApproachesConfig } from '../config/approaches-config.ts';
import { GatewayError } from '../gateway-error.ts';
import type { Answer } from '../types/answer.ts';
import type { Work } from './afterwork.ts';
import type { AnswerCalls } from './answer-calls.ts';
import type { ChatRequest } from './chat-request.ts';
import { type Message, withInstruction, withMaterial } from './conversation.ts';
import type { Branch } from './plan.ts';
import { asksForTools, type Reply, readReplies } from './reply.ts';
import type { SampleMemory } from './sample-memory.ts';
import { endsAll, sample } from './sampling.ts';
import type { ApproachServices } from './services.ts';
import type { AnswerOptions, HelpOptions, Solution, Task } from './solver.ts';
import type { StageOutcome } from './stage.ts';
import { targetOf, type Upstream } from './upstream.ts';

export interface SolverTaskOptions {
  readonly request: ChatRequest;
  readonly upstream: Upstream;
  readonly memory: SampleMemory;
  /** The name that the client asked for. */
  readonly key: string;
  /** Parameters that every approach has. */
  readonly temperature: number | undefined;
  readonly helperMaxTokens: number | undefined;
  /** Whether `response_format` goes out with answer calls. */
  readonly keepsFormat: boolean;
  /** Whether the last call may be passed on as it comes. */
  readonly canStream: boolean;
  /** How many choices are wanted of this run. */
  readonly choices: number;
  /** Told which step begins. */
  readonly stepped: (number: number, of: number, name: string) => void;
  readonly settings: ApproachesConfig;
  readonly signal: AbortSignal;
  readonly tokens: (texts: readonly string[]) => Promise<readonly number[]>;
  readonly caller: string;
  readonly services: ApproachServices;
  /** Runs another branch on the same request. */
  readonly runBranch: (branch: Branch) => Promise<StageOutcome>;
  /** Told what is to be done behind the answer. */
  readonly afterwards: (work: Work) => void;
}

const helperTemperature = 0.1;

/** One solver's view of one request. */
export class SolverTask implements Task {
  readonly messages: readonly Message[];
  readonly question: string;
  readonly original: string;
  readonly choices: number;
  readonly settings: ApproachesConfig;
  readonly signal: AbortSignal;
  /** The streamed answer of the last call, where there is one. */
  live: Answer | undefined;
  /** What would be the answer now. */
  best: Reply | undefined;
  readonly #options: SolverTaskOptions;
  readonly #random: () => number;
  readonly #calls: AnswerCalls;
  #bestRating = Number.NEGATIVE_INFINITY;

  constructor(options: SolverTaskOptions) {
    this.#options = options;
    this.messages = options.request.messages;
    this.question = options.request.question;
    this.original = options.request.original;
    this.choices = options.choices;
    this.settings = options.settings;
    this.signal = options.signal;
    this.#calls = options.request.through?.(options.upstream) ?? options.upstream;
    const { seed } = options.request.fields;
    this.#random = typeof seed === 'number' ? seeded(seed) : Math.random;
  }

  async sample(count: number, options: AnswerOptions = {}): Promise<Reply[]> {
    const { memory, key } = this.#options;
    const { model } = options;
    const arrived = (reply: Reply) => this.offer(reply);
    const request = { fields: this.#answerFields(options), model, count, key: model ?? key, arrived };
    return sample(request, this.#calls, memory);
  }

  async answer(options: AnswerOptions = {}): Promise<Reply> {
    const [reply] = await this.#calls.complete(this.#answerFields(options), options.model);
    if (reply === undefined || (reply.text === '' && !asksForTools(reply))) throw nothingButThinking();
    this.offer(reply);
    return reply;
  }

  async last(options: AnswerOptions = {}): Promise<Reply> {
    if (!this.#options.canStream) return this.answer(options);
    const answer = await this.#calls.stream(this.#answerFields(options), options.model);
    this.live = answer;
    return {
      message: { role: 'assistant', content: '' },
      text: '',
      finishReason: null,
      choice: {},
      response: {},
      target: targetOf(answer),
      isLive: true,
    };
  }

  async help(options: HelpOptions): Promise<Reply> {
    const reply = await this.#helpOnce(options);
    if (options.isWhole !== true || !isCut(reply)) return reply;
    const again = await this.#helpOnce(options);
    if (!isCut(again)) return again;
    throw new GatewayError('upstream_error', 'a step of the approach was cut off twice by the limit of its output');
  }

  async tryHelp(options: HelpOptions): Promise<Reply | undefined> {
    try {
      const reply = await this.#helpOnce(options);
      return isCut(reply) ? undefined : reply;
    } catch (error) {
      if (endsAll(error)) throw error;
      return undefined;
    }
  }

  offer(reply: Reply, rating?: number): void {
    const value = rating ?? Number.NEGATIVE_INFINITY;
    if (this.best !== undefined && value <= this.#bestRating) return;
    this.best = reply;
    this.#bestRating = value;
  }

  step(number: number, of: number, name: string): void {
    this.#options.stepped(number, of, name);
  }

  random(): number {
    return this.#random();
  }

  get caller(): string {
    return this.#options.caller;
  }

  get services(): ApproachServices {
    return this.#options.services;
  }

  async handOver(branch: Branch): Promise<Solution> {
    const { reply, text, filter, metadata, live, best } = await this.#options.runBranch(branch);
    this.live = live;
    this.best = best;
    return { reply, metadata, ...(text !== undefined && { text }), ...(filter !== undefined && { filter }) };
  }

  afterwards(work: Work): void {
    this.#options.afterwards(work);
  }

  async tokensOf(texts: readonly string[]): Promise<readonly number[]> {
    return texts.length === 0 ? [] : this.#options.tokens(texts);
  }

  async #helpOnce(options: HelpOptions): Promise<Reply> {
    const { request, helperMaxTokens, upstream } = this.#options;
    const { user } = request.fields;
    const fields = {
      messages: this.#messagesOf(options),
      ...(user !== undefined && { user }),
      temperature: options.temperature ?? helperTemperature,
      ...(helperMaxTokens !== undefined && { max_tokens: helperMaxTokens }),
      ...options.fields,
    };
    const [reply] = await upstream.complete(fields, options.model);
    return reply ?? (readReplies({ choices: [{}] }, '')[0] as Reply);
  }

  #answerFields(options: AnswerOptions): Record<string, unknown> {
    const { request, temperature, keepsFormat } = this.#options;
    const { response_format, tools, tool_choice, parallel_tool_calls, ...fields } = request.fields;
    const heat = temperature ?? request.fields.temperature ?? options.temperature;
    return {
      ...fields,
      ...(keepsFormat && response_format !== undefined && { response_format }),
      ...(heat !== undefined && { temperature: heat }),
      ...options.fields,
      messages: this.#messagesOf(options),
    };
  }

  #messagesOf({ messages = this.messages, instruction, material }: AnswerOptions): readonly Message[] {
    const instructed = instruction === undefined ? messages : withInstruction(messages, instruction);
    return material === undefined ? instructed : withMaterial(instructed, material);
  }
}

function isCut(reply: Reply): boolean {
  return reply.finishReason === 'length' || reply.text === '';
}

function nothingButThinking(): GatewayError {
  return new GatewayError('upstream_error', 'the answer held nothing but thinking');
}

/** Mulberry32, a small generator of 32 bits (public domain algorithm by Tommy Ettinger). */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
