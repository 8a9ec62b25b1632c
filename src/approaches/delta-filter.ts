import type { TextFilter } from './outcome.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Changes the texts of the deltas of one streamed choice: its content, and what stands beside that. */
export class DeltaFilter {
  readonly #filter: TextFilter | undefined;
  /** By field, or by the number of a tool call. */
  readonly #beside = new Map<string | number, TextFilter>();

  constructor(filter: TextFilter | undefined) {
    this.#filter = filter;
  }

  /** What may go on of a delta. */
  pass(delta: Fields): Record<string, unknown> {
    if (this.#filter === undefined) return delta;
    const entries = Object.entries(delta).map(([key, value]) => {
      if (key === 'content') return [key, typeof value === 'string' ? this.#filter?.push(value) : value];
      if (besideContent.has(key) && typeof value === 'string') return [key, this.#pushBeside(key, 'text', value)];
      if (key === 'tool_calls' && Array.isArray(value)) return [key, value.map((call) => this.#passCall(call))];
      return [key, value];
    });
    return Object.fromEntries(entries);
  }

  /** What was held back; undefined: nothing. */
  rest(): Record<string, unknown> | undefined {
    const delta: Record<string, unknown> = {};
    const calls: object[] = [];
    for (const [key, filter] of this.#beside) {
      const text = filter.end();
      if (text === '') continue;
      if (typeof key === 'string') delta[key] = text;
      else calls.push({ index: key, function: { arguments: text } });
    }
    const content = this.#filter?.end() ?? '';
    if (content !== '') delta.content = content;
    if (calls.length > 0) delta.tool_calls = calls;
    return Object.keys(delta).length === 0 ? undefined : delta;
  }

  #passCall(call: unknown): unknown {
    const { index, function: called } = (call ?? {}) as { index?: unknown; function?: Fields };
    if (typeof index !== 'number' || typeof called?.arguments !== 'string') return call;
    return {
      ...(call as Fields),
      function: { ...called, arguments: this.#pushBeside(index, 'json', called.arguments) },
    };
  }

  #pushBeside(key: string | number, notation: 'text' | 'json', text: string): string {
    let filter = this.#beside.get(key);
    if (filter === undefined) {
      filter = this.#filter?.beside?.(notation);
      if (filter === undefined) return text;
      this.#beside.set(key, filter);
    }
    return filter.push(text);
  }
}

const besideContent: ReadonlySet<string> = new Set(['reasoning_content', 'reasoning', 'refusal']);
