import { calcPrice, findProvider } from '@pydantic/genai-prices';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Usage } from '../types/usage.ts';
import { PriceBook, type Priced } from './price-book.ts';

const openai = { baseUrl: 'https://api.openai.com/v1' };
const google = { baseUrl: 'https://generativelanguage.googleapis.com/v1beta/openai' };
const own = { baseUrl: 'http://127.0.0.1:9/v1' };

function usage(promptTokens: number | undefined, completionTokens: number | undefined, cachedTokens?: number): Usage {
  return { promptTokens, completionTokens, totalTokens: undefined, cachedTokens, reasoningTokens: undefined };
}

function priced(backend: Priced['backend'], model: string, prices?: Priced['prices']): Priced {
  return { backend, model, prices };
}

describe('PriceBook', () => {
  const book = new PriceBook();

  it('takes the prices of backend.yaml before the list, and does not load the list for them', () => {
    const unneeded = new PriceBook(() => Promise.reject(new Error('loaded')));
    const prices = { input: 150, cachedInput: 75, output: 600 };
    expect(unneeded.costNow(priced(openai, 'gpt-4o', prices), usage(1000, 10, 400))).toBe(600 * 150 + 400 * 75 + 6000);
    const uncached = { input: 150, cachedInput: undefined, output: 600 };
    expect(unneeded.costNow(priced(openai, 'gpt-4o', uncached), usage(1000, 10, 400))).toBe(150_000 + 6000);
    expect(unneeded.costNow(priced(own, 'any', { input: 0, cachedInput: undefined, output: 0 }), usage(9, 9))).toBe(0);
  });

  it('rounds up to whole nano-dollars, but not for the noise of binary fractions', async () => {
    const cost = (input: number, tokens: number) =>
      book.cost(priced(own, 'm', { input, cachedInput: undefined, output: 0 }), usage(tokens, 0));
    expect(await cost(0.1, 3)).toBe(1);
    expect(await cost(0.1, 30)).toBe(3);
    expect(await cost(0.07, 100)).toBe(7);
    expect(await cost(0.000001, 1)).toBe(1);
  });

  it('knows nothing of a model that nobody prices, of another host, and of usage that is not known', async () => {
    expect(await book.cost(priced(own, 'gpt-4o'), usage(10, 10))).toBeUndefined();
    expect(await book.cost(priced({ baseUrl: 'https://api.example.com/v1' }, 'gpt-4o'), usage(1, 1))).toBeUndefined();
    expect(await book.cost(priced(openai, 'no-such-model'), usage(10, 10))).toBeUndefined();
    expect(await book.cost(priced(openai, 'gpt-4o'), usage(undefined, 10))).toBeUndefined();
    const half = { input: 5, cachedInput: undefined, output: undefined };
    expect(await book.cost(priced(own, 'half', half), usage(10, 1))).toBeUndefined();
    expect(await book.cost(priced(own, 'half', half), usage(10, 0))).toBe(50);
  });

  it('fills what backend.yaml leaves out from the list', async () => {
    const output = { input: undefined, cachedInput: undefined, output: 1 };
    const listed = (await book.cost(priced(openai, 'gpt-4o'), usage(1000, 0, 400))) ?? 0;
    expect(listed).toBeGreaterThan(0);
    expect(await book.cost(priced(openai, 'gpt-4o', output), usage(1000, 50, 400))).toBe(listed + 50);
    const input = { input: 2, cachedInput: undefined, output: undefined };
    const answer = (await book.cost(priced(openai, 'gpt-4o'), usage(0, 50))) ?? 0;
    expect(await book.cost(priced(openai, 'gpt-4o', input), usage(1000, 50, 400))).toBe(2000 + answer);
  });

  it('agrees with the library, cached tokens and long prompts included', async () => {
    const models = [
      [openai, 'gpt-4o'],
      [openai, 'gpt-4o-mini-2024-07-18'],
      [openai, 'o3'],
      [google, 'gemini-2.5-pro'],
      [{ baseUrl: 'https://api.anthropic.com/v1' }, 'claude-sonnet-4-20250514'],
      [{ baseUrl: 'https://api.deepseek.com/v1' }, 'deepseek-chat'],
    ] as const;
    await book.prices(priced(openai, 'gpt-4o'));
    const tokens = fc.tuple(fc.nat(400_000), fc.nat(100_000), fc.nat(400_000));
    for (const [backend, model] of models) {
      const provider = findProvider({ providerApiUrl: backend.baseUrl });
      if (provider === undefined) throw new Error(`no provider at ${backend.baseUrl}`);
      fc.assert(
        fc.property(tokens, ([prompt, completion, some]) => {
          const cached = Math.min(some, prompt);
          const asked = { input_tokens: prompt, cache_read_tokens: cached, output_tokens: completion };
          const theirs = calcPrice(asked, model, { provider })?.total_price ?? Number.NaN;
          const ours = book.costNow(priced(backend, model), usage(prompt, completion, cached)) ?? Number.NaN;
          expect(ours).toBeGreaterThanOrEqual(Math.floor(theirs * 1e9));
          expect(ours).toBeLessThanOrEqual(Math.floor(theirs * 1e9) + 1);
        }),
        { numRuns: 50 },
      );
    }
  });
});
