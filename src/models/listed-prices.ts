import type { ConditionalPrice, ModelInfo, ModelPrice, Provider } from '@pydantic/genai-prices';
import type { TokenPrice, TokenPrices } from './cost.ts';

/** The list of prices that comes with this release. It is never fetched anew. */
export interface PriceList {
  /**
   * What a provider takes for a model.
   * @param url of the provider's API: another host with a model of the same name is another provider
   * @returns undefined where the list does not have it
   */
  find(url: string, model: string): ListedModel | undefined;
}

/** A model of the list. */
export interface ListedModel {
  /** Prices change at dates and with the time of day. */
  prices(at: Date): TokenPrices | undefined;
}

type Library = typeof import('@pydantic/genai-prices');

/** Reads the list, which takes some 30 ms and 20 MB: so only once it is needed. */
export async function loadPriceList(): Promise<PriceList> {
  const library = await import('@pydantic/genai-prices');
  return { find: (url, model) => find(library, url, model) };
}

function find(library: Library, url: string, model: string): ListedModel | undefined {
  const provider = library.findProvider({ providerApiUrl: url });
  if (provider === undefined) return undefined;
  const info = modelOf(library, provider, model);
  if (info === undefined) return undefined;
  if (!Array.isArray(info.prices)) {
    const fixed = readPrices(info.prices);
    return { prices: () => fixed };
  }
  const slim = { ...provider, models: [info] };
  return {
    prices: (at) => {
      const found = library.calcPrice({ input_tokens: 1 }, model, { provider: slim, timestamp: at });
      return found === null ? undefined : readPrices(found.model_price);
    },
  };
}

function modelOf(library: Library, provider: Provider, model: string): ModelInfo | undefined {
  return library.calcPrice({ input_tokens: 0 }, model, { provider })?.model;
}

/** Dollars for a million tokens are thousands of nano-dollars for one. */
function readPrices(prices: ModelPrice | ConditionalPrice['prices']): TokenPrices | undefined {
  const input = readPrice(prices.input_mtok);
  const output = readPrice(prices.output_mtok);
  if (input === undefined && output === undefined) return undefined;
  const request = prices.requests_kcount;
  return {
    input,
    cachedInput: readPrice(prices.cache_read_mtok),
    output,
    request: typeof request === 'number' ? request * 1e6 : 0,
  };
}

function readPrice(price: ModelPrice[string]): TokenPrice | undefined {
  if (price === undefined) return undefined;
  if (typeof price === 'number') return { base: price * 1000, steps: [] };
  const steps = price.tiers.map((tier) => ({ start: tier.start, price: tier.price * 1000 }));
  return { base: price.base * 1000, steps: steps.toSorted((one, other) => one.start - other.start) };
}
