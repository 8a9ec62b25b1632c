import { type JsonObject, listOf } from '../json-object.ts';
import type { MockReply, MockUsage } from '../mock-reply.ts';
import {
  type AnswerContext,
  choiceCount,
  modelOf,
  pinnedContent,
  secondsNow,
  wantsStream,
  wantsStreamUsage,
  wordLimit,
} from './answer-context.ts';
import { usageOf } from './usage.ts';
import { countWords, firstWords, wordPieces } from './words.ts';

interface TextChoice {
  readonly index: number;
  readonly text: string;
  readonly finishReason: string;
}

/** The default answer to a text completion: the prompt itself. A list of prompts gives `n` choices to each, in order. */
export function completionAnswer(context: AnswerContext): MockReply {
  const prompts = textsOf(context.body.prompt);
  const choices = prompts.flatMap((prompt, position) => choicesOf(context, prompt, position));
  const completionTokens = choices.reduce((sum, choice) => sum + countWords(choice.text), 0);
  const promptTokens = prompts.reduce((sum, prompt) => sum + countWords(prompt), 0);
  const usage = usageOf(context.usage, promptTokens, completionTokens);
  return wantsStream(context.body)
    ? { events: completionEvents(context, choices, usage) }
    : { json: completionBody(context, choices, usage) };
}

/** A prompt or an input as a list of texts; a list of token numbers is one text of these numbers. */
export function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  const entries = listOf(value);
  if (entries.length > 0 && entries.every((entry) => typeof entry === 'number')) return [entries.join(' ')];
  return entries.map((entry) => (typeof entry === 'string' ? entry : listOf(entry).join(' ')));
}

function choicesOf(context: AnswerContext, prompt: string, position: number): TextChoice[] {
  const count = choiceCount(context);
  return Array.from({ length: count }, (_, number) => {
    const index = position * count + number;
    const whole = pinnedContent(context.reply, index) ?? prompt;
    const limit = wordLimit(context.body);
    const text = limit === undefined ? whole : firstWords(whole, limit);
    return { index, text, finishReason: context.reply.finish_reason ?? (text === whole ? 'stop' : 'length') };
  });
}

function completionBody(
  context: AnswerContext,
  choices: readonly TextChoice[],
  usage: MockUsage | undefined,
): JsonObject {
  const entries = choices.map(({ index, text, finishReason }) => entry(index, text, finishReason));
  const body = { ...head(context), choices: entries, ...(usage && { usage }) };
  return context.profile.dress({ kind: 'completion', place: 'whole', body, usage });
}

function completionEvents(
  context: AnswerContext,
  choices: readonly TextChoice[],
  usage: MockUsage | undefined,
): JsonObject[] {
  const usageAsked = usage !== undefined && wantsStreamUsage(context.body);
  const chunk = (entries: JsonObject[], place: 'chunk' | 'last', counts: MockUsage | null) => {
    const body = { ...head(context), choices: entries, ...(usageAsked && { usage: counts }) };
    return context.profile.dress({ kind: 'completion', place, body, usage });
  };
  const events = choices.flatMap(({ index, text }) =>
    wordPieces(text).map((piece) => chunk([entry(index, piece, null)], 'chunk', null)),
  );
  choices.forEach(({ index, finishReason }, position) => {
    const last = !usageAsked && position === choices.length - 1;
    events.push(chunk([entry(index, '', finishReason)], last ? 'last' : 'chunk', null));
  });
  if (usageAsked) events.push(chunk([], 'last', usage));
  return events;
}

function entry(index: number, text: string, reason: string | null): JsonObject {
  return { index, text, logprobs: null, finish_reason: reason };
}

function head(context: AnswerContext): JsonObject {
  return {
    id: `cmpl-mock-${context.serial}`,
    object: 'text_completion',
    created: secondsNow(),
    model: modelOf(context),
  };
}
