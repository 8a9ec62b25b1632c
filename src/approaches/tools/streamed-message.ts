import type { Message } from '../conversation.ts';

interface CallDelta {
  readonly index?: unknown;
  readonly id?: unknown;
  readonly type?: unknown;
  readonly function?: { readonly name?: unknown; readonly arguments?: unknown };
  readonly custom?: { readonly name?: unknown; readonly input?: unknown };
}

interface GrowingCall {
  id: string;
  type: string;
  name: string;
  input: string;
}

/** Puts a message together from the deltas of a stream. */
export class StreamedMessage {
  /** Of its end; null: it has not come. */
  finishReason: string | null = null;
  #content = '';
  /** By field: what it thought, what it refused. */
  readonly #beside = new Map<string, string>();
  readonly #calls = new Map<unknown, GrowingCall>();

  add(delta: Readonly<Record<string, unknown>>): void {
    const { content, tool_calls } = delta;
    if (typeof content === 'string') this.#content += content;
    if (Array.isArray(tool_calls)) {
      for (const [at, call] of tool_calls.entries()) this.#addCall(call as CallDelta, at);
    }
    for (const [key, value] of Object.entries(delta)) {
      if (!isTextBeside(key) || typeof value !== 'string') continue;
      this.#beside.set(key, (this.#beside.get(key) ?? '') + value);
    }
  }

  /** As it would stand in an answer in one piece. */
  message(): Message {
    const calls = [...this.#calls.values()].map(({ id, type, name, input }) =>
      type === 'custom' ? { id, type, custom: { name, input } } : { id, type, function: { name, arguments: input } },
    );
    return {
      role: 'assistant',
      content: this.#content === '' && calls.length > 0 ? null : this.#content,
      ...Object.fromEntries(this.#beside),
      ...(calls.length > 0 && { tool_calls: calls }),
    };
  }

  #addCall({ index, id, type, function: called, custom }: CallDelta, at: number): void {
    const key = this.#keyOf(index, id, at);
    const call = this.#calls.get(key) ?? {
      id: '',
      type: custom === undefined ? 'function' : 'custom',
      name: '',
      input: '',
    };
    this.#calls.set(key, call);
    if (typeof id === 'string' && id !== '') call.id = id;
    if (typeof type === 'string' && type !== '') call.type = type;
    const { name } = called ?? custom ?? {};
    if (typeof name === 'string' && call.name === '') call.name = name;
    const input = called?.arguments ?? custom?.input;
    if (typeof input === 'string') call.input += input;
    else if (input !== undefined && input !== null) call.input = JSON.stringify(input);
  }

  /** Some backends number every call 0, or none, and send each whole under an id of its own. */
  #keyOf(index: unknown, id: unknown, at: number): unknown {
    const key = index ?? at;
    const known = this.#calls.get(key)?.id;
    const isAnother = typeof id === 'string' && id !== '' && known !== undefined && known !== '' && known !== id;
    return isAnother ? id : key;
  }
}

/** Whether a field of a delta is text that stands beside the answer's own. */
export function isTextBeside(key: string): boolean {
  return key === 'reasoning_content' || key === 'reasoning' || key === 'refusal';
}
