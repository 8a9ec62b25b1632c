import { addUsage, type Usage } from '../types/usage.ts';
import type { ModelRecord } from '../types/usage-record.ts';

/** What all upstream answers of one request took, by who gave them. */
export class UsageLedger {
  /** By `backend:model`. */
  readonly #byModel = new Map<string, ModelRecord>();

  /** @param cost nano-dollars; undefined: unknown */
  add(backend: string, model: string, usage: Usage, cost: number | undefined): void {
    const target = `${backend}:${model}`;
    const before = this.#byModel.get(target);
    this.#byModel.set(target, {
      backend,
      model,
      calls: (before?.calls ?? 0) + 1,
      usage: before === undefined ? usage : addUsage(before.usage, usage),
      cost: before === undefined ? cost : bothKnown(before.cost, cost),
    });
  }

  total(): Usage {
    return this.models().reduce((sum, { usage }) => addUsage(sum, usage), nothing);
  }

  models(): readonly ModelRecord[] {
    return [...this.#byModel.values()];
  }

  /** In OpenAI's form, by `backend:model`. */
  byModel(): Record<string, object> {
    return Object.fromEntries([...this.#byModel].map(([target, { usage }]) => [target, toOpenAi(usage)]));
  }
}

const nothing: Usage = {
  promptTokens: 0,
  completionTokens: 0,
  totalTokens: 0,
  cachedTokens: undefined,
  reasoningTokens: undefined,
};

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

/** A sum of which a part is unknown is unknown. */
function bothKnown(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? undefined : one + other;
}
