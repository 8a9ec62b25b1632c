/** Tokens as a backend reported them. A field that it did not report is undefined, which is not 0. */
export interface Usage {
  readonly promptTokens: number | undefined;
  readonly completionTokens: number | undefined;
  readonly totalTokens: number | undefined;
  readonly cachedTokens: number | undefined;
  readonly reasoningTokens: number | undefined;
}

/** Reads OpenAI's `usage` object by field, never by the shape of what is around it. */
export function readUsage(value: unknown): Usage | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const usage = value as Record<string, unknown>;
  const promptTokens = count(usage.prompt_tokens);
  const completionTokens = count(usage.completion_tokens);
  const sum =
    promptTokens === undefined && completionTokens === undefined
      ? undefined
      : (promptTokens ?? 0) + (completionTokens ?? 0);
  return {
    promptTokens,
    completionTokens,
    totalTokens: count(usage.total_tokens) ?? sum,
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
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}
