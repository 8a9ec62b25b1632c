import type { BackendConfig, Config } from '../config/config.ts';
import type { TokenCounter } from '../models/token-counter.ts';
import type { Usage } from '../types/usage.ts';
import type { ApproachPorts } from './run-plan.ts';
import { SampleMemory } from './sample-memory.ts';

/** What approaches need of the world, of one configuration. */
export function createApproachPorts(config: Config, counter: TokenCounter): ApproachPorts {
  return {
    memory: new SampleMemory(),
    keepAliveMs: config.approaches.keepAliveMs,
    settings: config.approaches,
    tokens: (texts) => counter.count(texts, tokenizer),
    count: async (sent, text) => {
      const { signal } = new AbortController();
      const [prompt, [completion = 0]] = await Promise.all([
        counter.measure('chat', sent, tokenizer, signal),
        counter.count([text], tokenizer),
      ]);
      return {
        promptTokens: prompt.total,
        completionTokens: completion,
        totalTokens: prompt.total + completion,
        cachedTokens: undefined,
        reasoningTokens: undefined,
      };
    },
    costOf: (target, usage) => {
      const colon = target.indexOf(':');
      return costAt(config.backends.get(target.slice(0, colon)), target.slice(colon + 1), usage);
    },
  };
}

const tokenizer = 'o200k_base';

/** Nano-dollars; undefined where a price that is needed is not known. */
function costAt(backend: BackendConfig | undefined, model: string, usage: Usage): number | undefined {
  const prices = backend?.models.get(model)?.prices;
  if (prices?.input === undefined || prices.output === undefined) return undefined;
  const cached = usage.cachedTokens ?? 0;
  const fresh = Math.max(0, (usage.promptTokens ?? 0) - cached);
  const input = fresh * prices.input + cached * (prices.cachedInput ?? prices.input);
  return input + (usage.completionTokens ?? 0) * prices.output;
}
