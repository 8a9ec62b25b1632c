/** Tokens in OpenAI's form. */
export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly prompt_tokens_details: { readonly cached_tokens: number };
  readonly completion_tokens_details: { readonly reasoning_tokens: number };
}

export const noTokens: Usage = usageFrom(0, 0, 0, 0);

export function usageFrom(prompt: number, completion: number, cached: number, reasoning: number): Usage {
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: cached },
    completion_tokens_details: { reasoning_tokens: reasoning },
  };
}

export function addTokens(one: Usage, other: Usage): Usage {
  return usageFrom(
    one.prompt_tokens + other.prompt_tokens,
    one.completion_tokens + other.completion_tokens,
    one.prompt_tokens_details.cached_tokens + other.prompt_tokens_details.cached_tokens,
    one.completion_tokens_details.reasoning_tokens + other.completion_tokens_details.reasoning_tokens,
  );
}
