import type { Config } from '../config/config.ts';
import type { PriceBook } from '../models/price-book.ts';
import type { TokenCounter } from '../models/token-counter.ts';
import type { ApproachPorts } from './run-plan.ts';
import { SampleMemory } from './sample-memory.ts';
import type { ApproachServices } from './services.ts';

/** What approaches need of the world, of one configuration. */
export function createApproachPorts(
  config: Config,
  counter: TokenCounter,
  services: ApproachServices,
  prices: PriceBook,
): ApproachPorts {
  return {
    memory: new SampleMemory(),
    keepAliveMs: config.approaches.keepAliveMs,
    settings: config.approaches,
    services,
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
      const name = target.slice(0, colon);
      const model = target.slice(colon + 1);
      const backend = config.backends.get(name) ?? config.providers.get(name);
      return backend && prices.costNow({ backend, model, prices: backend.models.get(model)?.prices }, usage);
    },
  };
}

const tokenizer = 'o200k_base';
