import { isJsonObject, type JsonObject, listOf } from '../json-object.ts';
import { type AnswerContext, choiceCount, pinnedContent, wordLimit } from './answer-context.ts';
import { minimalJson } from './minimal-json.ts';
import { countWords, firstWords } from './words.ts';

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON text. */
  readonly arguments: string;
}

/** What the assistant says, apart from its form on the wire. */
export interface ChatChoice {
  readonly index: number;
  /** null where it calls tools instead. */
  readonly content: string | null;
  readonly reasoning: string | undefined;
  readonly toolCalls: readonly ToolCall[];
  readonly finishReason: string;
}

/** All choices of one chat answer. */
export function chatChoices(context: AnswerContext): ChatChoice[] {
  return Array.from({ length: choiceCount(context) }, (_, index) => chatChoice(context, index));
}

/** Words of the reasoning, the content, and the names and arguments of tool calls. */
export function choiceWords(choice: ChatChoice): number {
  const texts = [choice.reasoning ?? '', choice.content ?? ''];
  for (const call of choice.toolCalls) texts.push(call.name, call.arguments);
  return texts.reduce((sum, text) => sum + countWords(text), 0);
}

/** Words of all text in the messages. */
export function promptWords(body: JsonObject): number {
  return listOf(body.messages).reduce((sum: number, message) => sum + countWords(textOf(message)), 0);
}

function chatChoice(context: AnswerContext, index: number): ChatChoice {
  const { body, reply } = context;
  const reasoning = reply.reasoning_content ?? context.profile.reasoning;
  const toolCalls = pinnedToolCalls(context, index) ?? demandedToolCalls(body, index);
  if (toolCalls.length > 0) {
    return { index, content: null, reasoning, toolCalls, finishReason: reply.finish_reason ?? 'tool_calls' };
  }
  const whole = pinnedContent(reply, index) ?? formattedContent(body) ?? lastUserText(body);
  const limit = wordLimit(body);
  const content = limit === undefined ? whole : firstWords(whole, limit);
  const finishReason = reply.finish_reason ?? (content === whole ? 'stop' : 'length');
  return { index, content, reasoning, toolCalls, finishReason };
}

function pinnedToolCalls(context: AnswerContext, index: number): ToolCall[] | undefined {
  return context.reply.tool_calls?.map((call, position) => {
    const given = call.arguments ?? {};
    return toolCall(call.name, typeof given === 'string' ? given : JSON.stringify(given), index, position);
  });
}

/** The tool that `tool_choice` demands, by name or as `required`, with the smallest arguments that its schema allows. */
function demandedToolCalls(body: JsonObject, index: number): ToolCall[] {
  const functions = listOf(body.tools)
    .map((tool) => (isJsonObject(tool) ? tool.function : undefined))
    .filter(isJsonObject);
  const { tool_choice: choice } = body;
  const named = isJsonObject(choice) && isJsonObject(choice.function) ? choice.function.name : undefined;
  const chosen = choice === 'required' ? functions[0] : functions.find((tool) => tool.name === named);
  if (chosen === undefined || typeof chosen.name !== 'string') return [];
  const found = minimalJson(chosen.parameters);
  return [toolCall(chosen.name, JSON.stringify(isJsonObject(found) ? found : {}), index, 0)];
}

function toolCall(name: string, text: string, index: number, position: number): ToolCall {
  return { id: `call_mock_${index}_${position}`, name, arguments: text };
}

/** What `response_format` asks for; undefined: plain text. */
function formattedContent(body: JsonObject): string | undefined {
  const format = body.response_format;
  if (!isJsonObject(format)) return undefined;
  if (format.type === 'json_object') return '{}';
  if (format.type !== 'json_schema' || !isJsonObject(format.json_schema)) return undefined;
  return JSON.stringify(minimalJson(format.json_schema.schema));
}

/** The text of the last message of the user, or else of the last message. */
function lastUserText(body: JsonObject): string {
  const messages = listOf(body.messages).filter(isJsonObject);
  return textOf(messages.findLast((message) => message.role === 'user') ?? messages.at(-1));
}

function textOf(message: unknown): string {
  if (!isJsonObject(message)) return '';
  if (typeof message.content === 'string') return message.content;
  const parts = listOf(message.content).filter(isJsonObject);
  return parts.map((part) => (typeof part.text === 'string' ? part.text : '')).join('');
}
