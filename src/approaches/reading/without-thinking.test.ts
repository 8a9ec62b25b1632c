import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withoutThinking } from './without-thinking.ts';

const names = fc.constantFrom('think', 'thinking', 'reasoning', 'THINK', 'Thinking');
const plain = fc.string().filter((text) => !/[<>]/.test(text));
/** Well-formed blocks, each inside of which is plain text and further blocks. */
const { block } = fc.letrec<{ block: string; inside: string }>((tie) => ({
  inside: fc.oneof(
    { maxDepth: 3 },
    plain,
    fc.tuple(plain, tie('block'), plain).map((parts) => parts.join('')),
  ),
  block: fc.tuple(names, tie('inside')).map(([name, inside]) => `<${name}>${inside}</${name.toLowerCase()}>`),
}));

describe('withoutThinking', () => {
  it.each([
    ['<think>a</think>b', 'b'],
    ['a <THINKING effort="high">b</Thinking > c', 'a  c'],
    ['<reasoning>a\nb</reasoning>\nc', '\nc'],
    ['<think>a<think>b</think>c</think>d', 'd'],
    ['<think>a<reasoning>b</think>c', 'c'],
    ['a<think>b', 'a'],
    ['<think>a<think>b</think>c', ''],
    ['a</think>b', 'b'],
    ['a</think>b</reasoning>c', 'c'],
    ['a<think>b</thinking>c', 'c'],
    ['a</think>b<think>c', 'b'],
    ['a<think/>b', 'ab'],
    ['<think>a<think/>b</think>c', 'c'],
    ['<thinker>a</thinker> <think', '<thinker>a</thinker> <think'],
    ['1 < 2 > 0', '1 < 2 > 0'],
    [`a <think ${'x'.repeat(255)}>b`, 'a '],
    [`a <think ${'x'.repeat(260)}>b`, `a <think ${'x'.repeat(260)}>b`],
    ['', ''],
  ])('of %j leaves %j', (text, left) => {
    expect(withoutThinking(text)).toBe(left);
  });

  it('removes well-formed blocks and nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(plain, block)), plain, (pairs, rest) => {
        const text = pairs.map((pair) => pair.join('')).join('') + rest;
        expect(withoutThinking(text)).toBe(pairs.map(([kept]) => kept).join('') + rest);
      }),
    );
  });

  it('removes everything up to a lone closing tag, and everything after an opening one', () => {
    fc.assert(
      fc.property(plain, names, plain, (before, name, after) => {
        expect(withoutThinking(`${before}</${name}>${after}`)).toBe(after);
        expect(withoutThinking(`${before}<${name}>${after}`)).toBe(before);
      }),
    );
  });
});
