import { readUsage, type Usage } from '../types/usage.ts';

/** What all upstream answers of one request took, per `backend:model`. */
export class UsageLedger {
  readonly #byModel = new Map<string, Usage>();

  add(target: string, usage: Usage): void {
    this.#byModel.set(target, sum(this.#byModel.get(target), usage));
  }

  total(): Usage {
    return [...this.#byModel.values()].reduce(sum, nothing);
  }

  /** In OpenAI's form, by `backend:model`. */
  byModel(): Record<string, object> {
    return Object.fromEntries([...this.#byModel].map(([target, usage]) => [target, toOpenAi(usage)]));
  }
}

const nothing = readUsage({ prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }) as Usage;

function sum(one: Usage | undefined, other: Usage): Usage {
  if (one === undefined) return other;
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

/** The `usage` of OpenAI's answers. */
export function toOpenAi(usage: Usage): object {
  const { promptTokens, completionTokens, totalTokens, cachedTokens, reasoningTokens } = usage;
  return {
    prompt_tokens: promptTokens ?? 0,
    completion_tokens: completionTokens ?? 0,
    total_tokens: totalTokens ?? (promptTokens ?? 0) + (completionTokens ?? 0),
    ...(cachedTokens !== undefined && { prompt_tokens_details: { cached_tokens: cachedTokens } }),
    ...(reasoningTokens !== undefined && { completion_tokens_details: { reasoning_tokens: reasoningTokens } }),
  };
}
