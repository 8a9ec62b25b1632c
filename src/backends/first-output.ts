import { textOfField } from '../bytes/text-of-field.ts';

/** Reasons to finish that explain why there is no output; any other, without output, ends an answer that is empty. */
const explained: ReadonlySet<unknown> = new Set([
  'length',
  'model_length',
  'content_filter',
  'refusal',
  'tool_calls',
  'function_call',
]);

/**
 * Whether any of the choices, of a chunk or of a whole answer, holds something real: any field of a message beside its
 * role that is not empty, the `text` of a completion, or a reason to finish that explains why there is nothing.
 */
export function holdsOutput(choices: unknown): boolean {
  return Array.isArray(choices) && choices.some(isReal);
}

function isReal(choice: unknown): boolean {
  if (typeof choice !== 'object' || choice === null) return false;
  const { delta, message, text, finish_reason: reason } = choice as Record<string, unknown>;
  return isFilled(text) || explained.has(reason) || saysSomething(delta) || saysSomething(message);
}

function saysSomething(message: unknown): boolean {
  if (typeof message !== 'object' || message === null) return false;
  for (const key in message) {
    if (key !== 'role' && isFilled((message as Record<string, unknown>)[key])) return true;
  }
  return false;
}

/** Texts and lists that are not empty, and objects that hold one. Numbers and flags are no output. */
function isFilled(value: unknown): boolean {
  if (typeof value === 'string' || Array.isArray(value)) return value.length > 0;
  return typeof value === 'object' && value !== null && Object.values(value).some(isFilled);
}

// A text under one of these names is output wherever it stands in the choices, so that most answers need no parsing.
const textKeys = [Buffer.from('"content"'), Buffer.from('"text"')];

/** Whether the bytes of `choices` hold a text that is not empty; false: it takes {@link holdsOutput} to know. */
export function surelyHoldsText(bytes: Buffer, start: number, end: number): boolean {
  for (const key of textKeys) {
    const at = bytes.indexOf(key, start);
    if (at >= 0 && at < end && startsText(bytes, at + key.length)) return true;
  }
  return false;
}

/** Whether `: "x` stands there, but not `: ""`. */
function startsText(bytes: Buffer, from: number): boolean {
  const text = textOfField(bytes, from);
  return text !== undefined && bytes[text] !== 0x22;
}
