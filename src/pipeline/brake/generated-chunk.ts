import { choicesText } from '../../backends/event-filter.ts';
import type { SseEvent } from '../../bytes/sse-splitter.ts';

/** A chunk of a stream of which something may have been generated. */
export interface GeneratedChunk {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly choices: readonly GeneratedChoice[];
  /** What it adds to all of its choices. */
  readonly text: string;
}

export interface GeneratedChoice {
  readonly index: number;
  /** Text, reasoning and arguments of tool calls. */
  readonly text: string;
  readonly isFinished: boolean;
}

/** Undefined: it is none, such as `[DONE]`, a comment, or what nobody can read. */
export function readChunk({ data }: SseEvent): GeneratedChunk | undefined {
  if (data === undefined) return undefined;
  const fields = parse(data.bytes.toString('utf8', data.start, data.end));
  if (!Array.isArray(fields?.choices)) return undefined;
  let text = '';
  const choices: GeneratedChoice[] = [];
  for (const choice of fields.choices as unknown[]) {
    if (typeof choice !== 'object' || choice === null) continue;
    const added = choicesText([choice]);
    text += added;
    const { index, finish_reason: reason } = choice as Record<string, unknown>;
    choices.push({ index: typeof index === 'number' ? index : 0, text: added, isFinished: typeof reason === 'string' });
  }
  return { fields, choices, text };
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
