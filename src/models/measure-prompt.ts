import type { CountCache } from './count-cache.ts';
import { promptTexts } from './prompt-texts.ts';
import type { PromptKind, PromptTokens } from './token-counter.ts';
import type { Tokenizer } from './tokenizer.ts';

/** A tokenizer with the name under which its counts are remembered. */
export interface NamedTokenizer {
  readonly name: string;
  readonly tokenizer: Tokenizer;
}

/** The steps of {@link TokenCounter.measure}. */
export function* measurePrompt(
  kind: PromptKind,
  body: Uint8Array,
  by: NamedTokenizer,
  cache: CountCache,
): Generator<undefined, PromptTokens> {
  const { entries, uncounted } = promptTexts(kind, body);
  let total = 0;
  let largest = 0;
  for (const entry of entries) {
    let tokens = entry.fixed;
    for (const text of entry.texts) tokens += yield* countText(text, by, cache);
    total += tokens;
    largest = Math.max(largest, tokens);
  }
  return { total, largest, uncounted };
}

/** The steps of {@link TokenCounter.count}. */
export function* countTexts(
  texts: readonly string[],
  by: NamedTokenizer,
  cache: CountCache,
): Generator<undefined, number[]> {
  const counts: number[] = [];
  for (const text of texts) counts.push(yield* countText(text, by, cache));
  return counts;
}

function* countText(text: string, by: NamedTokenizer, cache: CountCache): Generator<undefined, number> {
  const key = cache.key(by.name, text);
  const known = cache.get(key);
  if (known !== undefined) return known;
  const count = yield* by.tokenizer.count(text);
  cache.set(key, count);
  // Each text is a step of its own too: a body may hold a hundred thousand short ones.
  yield;
  return count;
}
