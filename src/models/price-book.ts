import type { BackendConfig, ModelPrices } from '../config/backend-config.ts';
import type { Usage } from '../types/usage.ts';
import { costOf, flatPrice, type TokenPrices } from './cost.ts';
import { type ListedModel, loadPriceList, type PriceList } from './listed-prices.ts';

/** Whose prices are asked for. */
export interface Priced {
  readonly backend: Pick<BackendConfig, 'baseUrl'>;
  /** The model's name upstream. */
  readonly model: string;
  /** What is configured; it goes before the list. */
  readonly prices: ModelPrices | undefined;
}

/** How long prices hold that depend on the time. */
const freshMs = 60_000;
/** Clients make up names, so not all are remembered. */
const mostRemembered = 10_000;

interface Known {
  readonly listed: ListedModel;
  prices: TokenPrices | undefined;
  readAt: number;
}

/** What calls cost: by the prices of `backend.yaml`, and where it has none, by the list that comes with this release. */
export class PriceBook {
  readonly #load: () => Promise<PriceList>;
  #list: PriceList | undefined;
  #loading: Promise<PriceList> | undefined;
  /** By the backend's URL and the model; undefined: the list does not have it. */
  readonly #known = new Map<string, Known | undefined>();
  /** Configured prices never change. */
  readonly #written = new WeakMap<ModelPrices, TokenPrices>();

  constructor(load: () => Promise<PriceList> = loadPriceList) {
    this.#load = load;
  }

  /**
   * The prices of a model; undefined: they are not known.
   * @returns a promise only where the list must be loaded first
   */
  prices(of: Priced): TokenPrices | undefined | Promise<TokenPrices | undefined> {
    const { prices } = of;
    if (prices?.input !== undefined && prices.output !== undefined) return this.#configured(prices);
    if (this.#list !== undefined) return overlay(prices, this.#listed(this.#list, of));
    this.#loading ??= this.#load();
    return this.#loading.then((list) => {
      this.#list = list;
      return overlay(prices, this.#listed(list, of));
    });
  }

  /** What a call took, in nano-dollars, where it can be told without waiting; undefined: not known. */
  costNow(of: Priced, usage: Usage): number | undefined {
    const prices = this.prices(of);
    if (prices === undefined || prices instanceof Promise) return undefined;
    return costOf(prices, usage);
  }

  /** The same, once everything is loaded. */
  async cost(of: Priced, usage: Usage): Promise<number | undefined> {
    const prices = await this.prices(of);
    return prices && costOf(prices, usage);
  }

  #configured(prices: ModelPrices): TokenPrices {
    let known = this.#written.get(prices);
    if (known === undefined) {
      known = overlay(prices, undefined) as TokenPrices;
      this.#written.set(prices, known);
    }
    return known;
  }

  #listed(list: PriceList, { backend, model }: Priced): TokenPrices | undefined {
    const key = `${backend.baseUrl} ${model}`;
    let known = this.#known.get(key);
    if (known === undefined && !this.#known.has(key)) {
      const listed = list.find(backend.baseUrl, model);
      known = listed && { listed, prices: undefined, readAt: Number.NEGATIVE_INFINITY };
      if (this.#known.size < mostRemembered) this.#known.set(key, known);
    }
    if (known === undefined) return undefined;
    const now = performance.now();
    if (now - known.readAt >= freshMs) {
      known.prices = known.listed.prices(new Date());
      known.readAt = now;
    }
    return known.prices;
  }
}

/** Configured prices before listed ones, each by itself. Who sets the price of input sets that of cached input too. */
function overlay(written: ModelPrices | undefined, listed: TokenPrices | undefined): TokenPrices | undefined {
  if (written === undefined) return listed;
  const { input, cachedInput, output } = written;
  const own = (price: number | undefined) => (price === undefined ? undefined : flatPrice(price));
  return {
    input: own(input) ?? listed?.input,
    cachedInput: own(cachedInput) ?? (input === undefined ? listed?.cachedInput : undefined),
    output: own(output) ?? listed?.output,
    request: listed?.request ?? 0,
  };
}
