import type { MockUsage } from '../mock-reply.ts';

/** The usage of an answer: the pinned one, or else the counted words. undefined: the answer has none. */
export function usageOf(
  pinned: MockUsage | null | undefined,
  promptTokens: number,
  completionTokens: number | undefined,
): MockUsage | undefined {
  if (pinned === null) return undefined;
  const counted = {
    prompt_tokens: promptTokens,
    ...(completionTokens !== undefined && { completion_tokens: completionTokens }),
  };
  const usage: MockUsage = pinned ?? counted;
  return { ...usage, total_tokens: usage.total_tokens ?? usage.prompt_tokens + (usage.completion_tokens ?? 0) };
}
