import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { BytePairTokenizer } from './byte-pair-tokenizer.ts';
import { CountCache } from './count-cache.ts';
import { measurePrompt, type NamedTokenizer } from './measure-prompt.ts';
import { tokenBound } from './token-bound.ts';
import type { PromptKind } from './token-counter.ts';
import { runSteps } from './tokenizer.ts';

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('image_url', 'image', 'low', 'text', '\ud800', '\\u0061', 'image"', '漢😀'),
);
const odd = fc.jsonValue({ maxDepth: 2 });
const part = fc.oneof(
  odd,
  fc.record(
    {
      type: fc.oneof(fc.constantFrom('text', 'image_url', 'input_image', 'image', 'file'), odd),
      text: fc.oneof(text, odd),
      image_url: fc.oneof(fc.record({ url: text, detail: fc.constantFrom('low', 'high') }), text, odd),
    },
    { requiredKeys: [] },
  ),
);
const call = fc.record(
  { function: fc.record({ name: text, arguments: fc.oneof(text, odd) }), custom: odd },
  { requiredKeys: [] },
);
const message = fc.oneof(
  odd,
  fc.record(
    {
      role: fc.oneof(text, odd),
      content: fc.oneof(text, fc.array(part, { maxLength: 4 }), odd),
      name: fc.oneof(text, odd),
      refusal: odd,
      reasoning_content: fc.oneof(text, odd),
      tool_calls: fc.oneof(fc.array(fc.oneof(call, odd), { maxLength: 2 }), odd),
      function_call: fc.oneof(call, odd),
    },
    { requiredKeys: [] },
  ),
);
const prompt = fc.oneof(text, fc.array(text), fc.array(fc.nat()), fc.array(fc.array(fc.nat())), odd);
const body = fc.record(
  {
    messages: fc.oneof(fc.array(message, { maxLength: 5 }), fc.array(fc.nat(9), { minLength: 20, maxLength: 40 }), odd),
    tools: fc.oneof(fc.array(odd, { maxLength: 3 }), odd),
    functions: odd,
    response_format: fc.oneof(fc.record({ json_schema: odd }), odd),
    prompt,
    input: prompt,
  },
  { requiredKeys: [] },
);
const kinds: readonly PromptKind[] = ['chat', 'completions', 'embeddings'];

describe('tokenBound', () => {
  const tokenizers: NamedTokenizer[] = [];
  beforeAll(async () => {
    for (const name of ['o200k_base', 'cl100k_base'] as const) {
      tokenizers.push({ name, tokenizer: await BytePairTokenizer.load(name) });
    }
  });

  it('is never less than the count, for bodies of any shape and spelling', () => {
    const cache = new CountCache();
    let proven = 0;
    fc.assert(
      fc.property(body, fc.constantFrom(0, 1), fc.boolean(), (value, indent, isEscaped) => {
        const json = JSON.stringify(value, null, indent);
        const bytes = Buffer.from(isEscaped ? json.replace(/[^\0-\x7f]/g, escapeUnit) : json.toWellFormed());
        const bound = tokenBound(bytes);
        if (bound === undefined) return;
        proven++;
        for (const kind of kinds) {
          for (const by of tokenizers) {
            expect(runSteps(measurePrompt(kind, bytes, by, cache)).total).toBeLessThanOrEqual(bound);
          }
        }
      }),
      { numRuns: 1500 },
    );
    expect(proven).toBeGreaterThan(500);
  });

  it('is the bytes, and 765 for each image', () => {
    const image = { type: 'image_url', image_url: { url: 'https://example.com/image.png' } };
    const some = Buffer.from(JSON.stringify({ messages: [{ role: 'user', content: [image, image] }] }, null, 2));
    expect(tokenBound(some)).toBe(some.length + 2 * 765);
    const none = Buffer.from(
      '{"messages":[{"role":"user","content":"an \\"image\\" and \\\\u0061, caf\\u00e9\\u003c"}]}',
    );
    expect(tokenBound(none)).toBe(none.length);
  });

  it.each(['im\\u0061ge_url', 'image\\u005Furl', 'image_ur\\u006C', '\\\\\\u0069mage'])(
    'proves nothing with %s',
    (type) => {
      expect(tokenBound(Buffer.from(`{"messages":[{"content":[{"type":"${type}"}]}]}`))).toBeUndefined();
    },
  );

  it('proves nothing for a tokenizer.json', () => {
    expect(tokenBound(Buffer.from('{}'), '/models/tokenizer.json')).toBeUndefined();
  });
});

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
