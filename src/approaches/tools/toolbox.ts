import type { Message } from '../conversation.ts';
import { ServerFault } from './server-fault.ts';
import type { ToolResult } from './tool-connection.ts';
import { ToolNames } from './tool-names.ts';
import type { OfferedTool } from './tool-servers.ts';

/** A call of a tool, as it stands in the message of a model. */
export interface ToolCall {
  readonly id?: unknown;
  readonly type?: unknown;
  readonly function?: { readonly name?: unknown; readonly arguments?: unknown };
  readonly custom?: { readonly name?: unknown };
}

/** What is told of a tool that has run; never what went in or came out. */
export interface RanTool {
  readonly name: string;
  readonly ms: number;
  readonly failed: boolean;
}

export interface ToolboxOptions {
  /** Tools that the client sent, which it runs itself. */
  readonly own: readonly unknown[];
  readonly offered: readonly OfferedTool[];
  /** Of one call. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Told of each that has run. */
  readonly ran: (tool: RanTool) => void;
}

/** The tools of one request: the client's own, and those of servers, which are run here. */
export class Toolbox {
  /** In OpenAI's form, the client's own first. */
  readonly definitions: readonly unknown[];
  readonly #options: ToolboxOptions;
  readonly #own: ReadonlySet<string>;
  readonly #offered: ReadonlyMap<string, OfferedTool>;

  constructor(options: ToolboxOptions) {
    this.#options = options;
    this.#own = new Set(options.own.map((tool) => nameOf(tool as ToolCall)));
    const names = new ToolNames(this.#own);
    this.#offered = new Map(options.offered.map((tool) => [names.take(tool.server.config.name, tool.name), tool]));
    this.definitions = [...options.own, ...[...this.#offered].map(([name, tool]) => definitionOf(name, tool))];
  }

  /** Whether the client is to run it; whatever nobody knows is not the client's. */
  isOwn(call: ToolCall): boolean {
    return this.#own.has(nameOf(call));
  }

  /** Runs one call. Whatever goes wrong is its result, for the model to read. */
  async run(call: ToolCall): Promise<Message> {
    const name = nameOf(call);
    const started = performance.now();
    const { text, failed } = await this.#resultOf(name, call);
    this.#options.ran({ name: name.slice(0, longestShown), ms: Math.round(performance.now() - started), failed });
    return { role: 'tool', tool_call_id: call.id, content: failed ? `Error: ${text}` : text };
  }

  async #resultOf(name: string, call: ToolCall): Promise<ToolResult> {
    const tool = this.#offered.get(name);
    if (tool === undefined) {
      const there = [...this.#offered.keys()].join(', ');
      return { text: `there is no tool "${name.slice(0, longestShown)}"; the tools are: ${there}`, failed: true };
    }
    const input = inputOf(call);
    if (input === undefined) return { text: 'the arguments are no JSON object', failed: true };
    const { timeoutMs, signal } = this.#options;
    try {
      return await tool.server.call(tool.name, input, { timeoutMs, signal });
    } catch (error) {
      if (!(error instanceof ServerFault)) throw error;
      return { text: `the tool did not do it: ${error.message}`, failed: true };
    }
  }
}

const longestShown = 100;

function nameOf({ function: called, custom }: ToolCall): string {
  return String(called?.name ?? custom?.name ?? '');
}

function definitionOf(name: string, { description, parameters }: OfferedTool): object {
  return { type: 'function', function: { name, ...(description !== undefined && { description }), parameters } };
}

/** Undefined: they cannot be read. No text at all stands for none. */
function inputOf({ function: called }: ToolCall): Record<string, unknown> | undefined {
  const written = called?.arguments ?? '';
  if (isObject(written)) return written; // some servers of models send them so
  if (typeof written !== 'string') return undefined;
  if (written.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(written);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
