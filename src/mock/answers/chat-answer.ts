import type { JsonObject } from '../json-object.ts';
import type { MockReply, MockUsage } from '../mock-reply.ts';
import { type AnswerContext, modelOf, secondsNow, wantsStream, wantsStreamUsage } from './answer-context.ts';
import { type ChatChoice, chatChoices, choiceWords, promptWords } from './chat-choices.ts';
import { usageOf } from './usage.ts';
import { wordPieces } from './words.ts';

/** The default answer to a chat: the echo of the last user message, whole or as a stream. */
export function chatAnswer(context: AnswerContext): MockReply {
  const choices = chatChoices(context);
  const completionTokens = choices.reduce((sum, choice) => sum + choiceWords(choice), 0);
  const usage = usageOf(context.usage, promptWords(context.body), completionTokens);
  return wantsStream(context.body)
    ? { events: chatEvents(context, choices, usage) }
    : { json: chatBody(context, choices, usage) };
}

function chatBody(context: AnswerContext, choices: readonly ChatChoice[], usage: MockUsage | undefined): JsonObject {
  const body = {
    ...head(context, 'chat.completion'),
    choices: choices.map((choice) => ({
      index: choice.index,
      message: messageOf(choice),
      logprobs: null,
      finish_reason: choice.finishReason,
    })),
    ...(usage && { usage }),
  };
  return context.profile.dress({ kind: 'chat', place: 'whole', body, usage });
}

function messageOf(choice: ChatChoice): JsonObject {
  const calls = choice.toolCalls.map(({ id, name, arguments: text }) => ({
    id,
    type: 'function',
    function: { name, arguments: text },
  }));
  return {
    role: 'assistant',
    content: choice.content,
    ...(choice.reasoning !== undefined && { reasoning_content: choice.reasoning }),
    ...(calls.length > 0 && { tool_calls: calls }),
  };
}

/** The role, the words one by one (with several choices: each in turn), the reasons for the end, and the usage if asked for. */
function chatEvents(
  context: AnswerContext,
  choices: readonly ChatChoice[],
  usage: MockUsage | undefined,
): JsonObject[] {
  const usageAsked = usage !== undefined && wantsStreamUsage(context.body);
  const chunk = (entries: JsonObject[], place: 'chunk' | 'last', counts: MockUsage | null) => {
    const body = { ...head(context, 'chat.completion.chunk'), choices: entries };
    // As OpenAI does: once usage is asked for, every chunk has the field, and only the last one has a value.
    const whole = usageAsked ? { ...body, usage: counts } : body;
    return context.profile.dress({ kind: 'chat', place, body: whole, usage });
  };
  const entry = (index: number, delta: JsonObject, reason: string | null) => [
    { index, delta, logprobs: null, finish_reason: reason },
  ];
  const events = choices.map(({ index, content }) =>
    chunk(entry(index, { role: 'assistant', content: content === null ? null : '' }, null), 'chunk', null),
  );
  for (const [index, delta] of interleaved(choices)) events.push(chunk(entry(index, delta, null), 'chunk', null));
  choices.forEach(({ index, finishReason }, position) => {
    const last = !usageAsked && position === choices.length - 1;
    events.push(chunk(entry(index, {}, finishReason), last ? 'last' : 'chunk', null));
  });
  if (usageAsked) events.push(chunk([], 'last', usage));
  return events;
}

function interleaved(choices: readonly ChatChoice[]): [number, JsonObject][] {
  const lines = choices.map((choice) => deltasOf(choice));
  const longest = Math.max(0, ...lines.map((line) => line.length));
  const all: [number, JsonObject][] = [];
  for (let position = 0; position < longest; position += 1) {
    lines.forEach((line, index) => {
      const delta = line[position];
      if (delta !== undefined) all.push([index, delta]);
    });
  }
  return all;
}

function deltasOf(choice: ChatChoice): JsonObject[] {
  const reasoning = wordPieces(choice.reasoning ?? '').map((piece) => ({ reasoning_content: piece }));
  const content = wordPieces(choice.content ?? '').map((piece) => ({ content: piece }));
  const calls = choice.toolCalls.flatMap(({ id, name, arguments: text }, index) => [
    { tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] },
    ...piecesOf(text, 8).map((piece) => ({ tool_calls: [{ index, function: { arguments: piece } }] })),
  ]);
  return [...reasoning, ...content, ...calls];
}

function piecesOf(text: string, length: number): string[] {
  const pieces: string[] = [];
  for (let start = 0; start < text.length; start += length) pieces.push(text.slice(start, start + length));
  return pieces;
}

function head(context: AnswerContext, object: string): JsonObject {
  return {
    id: `chatcmpl-mock-${context.serial}`,
    object,
    created: secondsNow(),
    model: modelOf(context),
    system_fingerprint: null,
  };
}
