import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chunksOf, mostChunks } from './long-context.ts';
import { parsePlan, reachOf } from './plan.ts';
import { stages } from './registry.ts';

const reach = (name: string, question?: number, parameters: object = {}, choices = 1) =>
  reachOf(parsePlan(name, { ...parameters }, stages), choices, question);

describe('what a plan takes at most', () => {
  test.each([
    ['none', 1, 1],
    ['re2', 1, 1],
    ['bon', 4, 6],
    ['self_consistency', 1, 5],
    ['moa', 3, 5],
    ['genselect', 2, 5],
    ['pvg', 8, 12],
    ['mcts', 8, 10],
    ['deepthink', 5, 7],
    ['deepconf', 1, 16],
    ['readurls&bon', 4, 6],
    ['bon|moa', 7, 11],
  ])('%s: %i calls, %i texts', (name, calls, outputs) => {
    expect(reach(name)).toEqual({ calls, prompts: calls, outputs });
  });

  test('several proposers and layers count each text once', () => {
    const parameters = { proposers: ['a', 'b'], candidates: 5, layers: 2 };
    expect(reach('moa', undefined, parameters)).toEqual({ calls: 6, prompts: 6, outputs: 12 });
  });

  test('several choices are as many runs', () => {
    expect(reach('bon', undefined, {}, 3)).toEqual({ calls: 12, prompts: 12, outputs: 18 });
  });

  test('what reads a text piece by piece depends on its length', () => {
    expect(reach('memory').calls).toBe(Number.POSITIVE_INFINITY);
    expect(reach('memory', 8000)).toEqual({ calls: 1, prompts: 1, outputs: 1 });
    expect(reach('memory', 40_000)).toEqual({ calls: 12, prompts: 3, outputs: 12 });
    expect(reach('memory&bon', 8000).calls).toBe(4);
    expect(reach('longcepo').calls).toBe(Number.POSITIVE_INFINITY);
    expect(reach('longcepo', 4096).calls).toBe(1);
    // 5 pieces: 3 + a summary of each + 4 times (read each, 4 merges, an answer)
    expect(reach('longcepo', 8192)).toEqual({ calls: 3 + 5 + 4 * 10, prompts: 16, outputs: 48 });
    expect(reach('longcepo', 8192, { sub_questions: 0, neighbours: 0 }).calls).toBe(3 + 10);
  });

  test('pages that are added count as text', () => {
    expect(reach('readurls&memory', 100, { readurls: { max_characters: 12_000 } }).calls).toBe(1 + 5);
    expect(reach('memory', 100).calls).toBe(1);
  });

  test('a router takes what the largest of its ways does', () => {
    const parameters = { rules: [{ when: { min_tokens: 5 }, approach: 'memory' }], default: 'bon' };
    expect(reach('router', 100, parameters).calls).toBe(4);
    expect(reach('router', 40_000, parameters).calls).toBe(12);
  });
});

test('a text is never cut into more pieces than are counted on', async () => {
  const tokensOf = async (texts: readonly string[]) => texts.map((text) => Math.ceil(Buffer.byteLength(text) / 2));
  const text = fc.array(fc.oneof(fc.lorem(), fc.constant('\n\n'), fc.string(), fc.constant('x'.repeat(90))), {
    maxLength: 30,
  });
  await fc.assert(
    fc.asyncProperty(text, fc.integer({ min: 10, max: 60 }), async (parts, limit) => {
      const whole = parts.join(' ');
      expect((await chunksOf(whole, limit, tokensOf)).length).toBeLessThanOrEqual(
        mostChunks(Buffer.byteLength(whole), limit),
      );
    }),
  );
});
