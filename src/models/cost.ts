import type { Usage } from '../types/usage.ts';

/** A price in nano-dollars for a token, which may be another one for calls with long prompts. */
export interface TokenPrice {
  readonly base: number;
  /** By their starts, the lowest first: a call whose prompt has more tokens than `start` pays this for every token. */
  readonly steps: readonly { readonly start: number; readonly price: number }[];
}

/** What a model's calls cost; undefined: not known, which is not 0. */
export interface TokenPrices {
  readonly input: TokenPrice | undefined;
  /** Of prompt tokens that the backend had at hand; undefined: as the others. */
  readonly cachedInput: TokenPrice | undefined;
  /** Reasoning is output. */
  readonly output: TokenPrice | undefined;
  /** Nano-dollars for a call, whatever it holds. */
  readonly request: number;
}

type Tokens = Pick<Usage, 'promptTokens' | 'completionTokens' | 'cachedTokens'>;

/**
 * What a call cost.
 * @returns whole nano-dollars, rounded up; undefined where the tokens or a price that they need are not known
 */
export function costOf(prices: TokenPrices, usage: Tokens): number | undefined {
  const { promptTokens, completionTokens = 0, cachedTokens = 0 } = usage;
  if (promptTokens === undefined) return undefined;
  const cached = Math.min(cachedTokens, promptTokens);
  const input = priceOf(prices.input, promptTokens - cached, promptTokens);
  const cachedInput = priceOf(prices.cachedInput ?? prices.input, cached, promptTokens);
  const output = priceOf(prices.output, completionTokens, promptTokens);
  if (input === undefined || cachedInput === undefined || output === undefined) return undefined;
  return roundUp(prices.request + input + cachedInput + output);
}

/** A price that is the same for all calls. */
export function flatPrice(nanoDollars: number): TokenPrice {
  return { base: nanoDollars, steps: [] };
}

function priceOf(price: TokenPrice | undefined, tokens: number, promptTokens: number): number | undefined {
  if (tokens === 0) return 0;
  if (price === undefined) return undefined;
  let each = price.base;
  for (const step of price.steps) if (promptTokens > step.start) each = step.price;
  return each * tokens;
}

/** Up to the next whole number, but not for the noise of binary fractions. */
function roundUp(amount: number): number {
  return Math.ceil(amount * (1 - 2 ** -48));
}
