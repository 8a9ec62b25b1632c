/** Tokens as a backend reported them. A field that it did not report is undefined, which is not 0. */
export interface Usage {
  readonly promptTokens: number | undefined;
  readonly completionTokens: number | undefined;
  readonly totalTokens: number | undefined;
  readonly cachedTokens: number | undefined;
  readonly reasoningTokens: number | undefined;
}

/** No call has more tokens; a larger number says nothing. */
const mostTokens = 1e9;

/**
 * Reads OpenAI's `usage` object by field, never by the shape of what is around it. What is no number of tokens is left
 * out. A total is never less than its parts, and never 0, which servers write that do not count: it is undefined then.
 */
export function readUsage(value: unknown): Usage | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const usage = value as Record<string, unknown>;
  const promptTokens = count(usage.prompt_tokens);
  const completionTokens = count(usage.completion_tokens);
  const sum = promptTokens === undefined ? undefined : promptTokens + (completionTokens ?? 0);
  const total = Math.max(count(usage.total_tokens) ?? 0, sum ?? 0);
  return {
    promptTokens,
    completionTokens,
    totalTokens: total === 0 ? undefined : total,
    cachedTokens: detail(usage.prompt_tokens_details, 'cached_tokens'),
    reasoningTokens: detail(usage.completion_tokens_details, 'reasoning_tokens'),
  };
}

/** The sum of two; what neither of them reported stays unreported. */
export function addUsage(one: Usage, other: Usage): Usage {
  return {
    promptTokens: plus(one.promptTokens, other.promptTokens),
    completionTokens: plus(one.completionTokens, other.completionTokens),
    totalTokens: plus(one.totalTokens, other.totalTokens),
    cachedTokens: plus(one.cachedTokens, other.cachedTokens),
    reasoningTokens: plus(one.reasoningTokens, other.reasoningTokens),
  };
}

function plus(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined ? other : one + (other ?? 0);
}

function detail(details: unknown, name: string): number | undefined {
  return typeof details === 'object' && details !== null
    ? count((details as Record<string, unknown>)[name])
    : undefined;
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && value <= mostTokens ? value : undefined;
}
