import { parseField } from '../bytes/json-index.ts';
import { GatewayError } from '../gateway-error.ts';
import type { Call } from '../types/call.ts';
import type { AnswerCalls } from './answer-calls.ts';
import { lastUserAt, type Message, textOf } from './conversation.ts';

/** A chat request as an approach reads it. */
export interface ChatRequest {
  readonly messages: readonly Message[];
  /** The text of the last user message. */
  readonly question: string;
  /** Its beginning, before transforms added to it. */
  readonly original: string;
  /** What else the client sent, but for what the gateway itself reads. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** How many choices the client wants. */
  readonly choices: number;
  /** Puts a wrapper in between answer calls and those who make them. */
  readonly through?: (calls: AnswerCalls) => AnswerCalls;
}

/** Fields that belong to the gateway or to one call, and are never handed down as they are. */
const own: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'stream',
  'stream_options',
  'n',
  'headrace_approach',
  'optillm_approach',
]);

/** @throws GatewayError `invalid_request` where it is no conversation */
export function readChatRequest(call: Call): ChatRequest {
  const fields: Record<string, unknown> = {};
  for (const field of call.fields.fields) {
    if (!own.has(field.key)) fields[field.key] = parseField(call.body, field);
  }
  const messages = readMessages(call);
  const at = lastUserAt(messages);
  const choices = call.fields.get('n') ?? 1;
  if (!Number.isInteger(choices) || (choices as number) < 1 || (choices as number) > 128) {
    throw new GatewayError('invalid_request', '"n" must be a whole number from 1 to 128', { param: 'n' });
  }
  const question = textOf(messages[at]?.content);
  return { messages, question, original: question, fields, choices: choices as number };
}

function readMessages(call: Call): Message[] {
  const messages = call.fields.get('messages');
  const isConversation =
    Array.isArray(messages) &&
    messages.every((one) => typeof one === 'object' && one !== null && typeof one.role === 'string');
  if (!isConversation) {
    const what = '"messages" must be a list of messages, each with a role';
    throw new GatewayError('invalid_request', what, { param: 'messages' });
  }
  return messages as Message[];
}
