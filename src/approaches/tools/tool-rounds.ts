import { GatewayError } from '../../gateway-error.ts';
import type { Message } from '../conversation.ts';
import type { Toolbox, ToolCall } from './toolbox.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A message that is the answer, and why it ends. */
export interface FinalMessage {
  readonly message: Message;
  readonly finishReason: string | null;
}

/**
 * One answer of a model that may use tools: what is sent in each round, and what becomes of what comes. While a reply
 * asks for tools of servers only, they are run, and it is asked again with their results.
 */
export class ToolRounds {
  readonly #toolbox: Toolbox;
  readonly #most: number;
  readonly #fields: Fields;
  readonly #messages: Message[];
  #done = 0;

  /**
   * @param fields of the call, without `n`
   * @param most rounds of tools; the call after the last one may ask for none
   */
  constructor(toolbox: Toolbox, fields: Fields, most: number) {
    this.#toolbox = toolbox;
    this.#fields = fields;
    this.#most = most;
    this.#messages = [...(fields.messages as readonly Message[])];
  }

  /** What is to be sent now. */
  fields(): Fields {
    const tools = this.#toolbox.definitions;
    const { tool_choice, ...fields } = this.#fields;
    if (tools.length === 0) return this.#fields;
    // What the client demanded of the first reply is met by it; demanded again it would never end.
    const choice = this.#done === 0 ? tool_choice : this.#done >= this.#most ? 'none' : undefined;
    return { ...fields, messages: this.#messages, tools, ...(choice !== undefined && { tool_choice: choice }) };
  }

  /** Runs the tools that a reply asks for, all at once. False: it asks for none here, and is the answer. */
  async take(message: Message): Promise<boolean> {
    const calls = this.#identified(callsOf(message));
    if (calls.length === 0 || this.#done >= this.#most || calls.some((call) => this.#toolbox.isOwn(call))) return false;
    this.#done++;
    const results = await Promise.all(calls.map((call) => this.#toolbox.run(call)));
    this.#messages.push({ ...withoutNulls(message), tool_calls: calls }, ...results);
    return true;
  }

  /**
   * The message as the client gets it: with calls of its own tools alone. What a reply asked of servers beside them has
   * not been run, so that it is asked for anew when the client goes on.
   * @throws GatewayError where nothing is left of it
   */
  final(message: Message, finishReason: string | null): FinalMessage {
    const calls = callsOf(message);
    const own = calls.filter((call) => this.#toolbox.isOwn(call));
    if (own.length === calls.length) return { message, finishReason };
    const { tool_calls, ...rest } = message;
    if (own.length > 0) return { message: { ...rest, role: message.role, tool_calls: own }, finishReason };
    if (typeof message.content !== 'string' || message.content.trim() === '') {
      const said = `the model still asks for tools after ${this.#most} rounds of them, and says nothing else`;
      throw new GatewayError('upstream_error', said);
    }
    return { message: { ...rest, role: message.role }, finishReason: 'stop' };
  }

  /** Some backends leave out the ids by which results are told apart. */
  #identified(calls: readonly ToolCall[]): ToolCall[] {
    const seen = new Set<unknown>();
    return calls.map((call, at) => {
      const isGood = typeof call.id === 'string' && call.id !== '' && !seen.has(call.id);
      const id = isGood ? call.id : `call_${this.#done}_${at}`;
      seen.add(id);
      return { ...call, id };
    });
  }
}

function callsOf({ tool_calls }: Message): readonly ToolCall[] {
  return Array.isArray(tool_calls) ? (tool_calls as ToolCall[]) : [];
}

/** Backends write `null` into fields of a message that they do not take back. */
function withoutNulls(message: Message): Message {
  const entries = Object.entries(message).filter(([key, value]) => value !== null || key === 'content');
  return { role: 'assistant', ...Object.fromEntries(entries) };
}
