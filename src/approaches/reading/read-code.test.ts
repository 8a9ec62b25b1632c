import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCode } from './read-code.ts';

describe('readCode', () => {
  it.each([
    ['```\na\n```', 'a'],
    ['Text\n```python\na\n\nb\n```\nmore\n```\nc\n```', 'a\n\nb'],
    ['~~~js\na\n```\nb\n~~~', 'a\n```\nb'],
    ['````md\n```\na\n```\n````', '```\na\n```'],
    ['```c++\na\n`````', 'a'],
    ['```\na', 'a'],
    ['```python\nprint(1)```', 'print(1)'],
    ['```sh title="x"\r\na\r\n```\r\n', 'a'],
    ['1. First:\n   ```py\n   a\n     b\n   ```', 'a\n  b'],
    ['- ```py\n  a\n  ```', 'a'],
    ['Here it is: ```python\na\n```', 'a'],
    ['Use ```a``` inline', 'Use ```a``` inline'],
    ['Use ```a``` inline\n```\nb\n```', 'b'],
    ['```\n```\na', ''],
    [' no block \n', ' no block \n'],
    ['', ''],
  ])('of %j is %j', (text, code) => {
    expect(readCode(text)).toBe(code);
  });

  it('gives back what was fenced', () => {
    const codes = fc.array(fc.oneof(fc.string(), fc.constantFrom('```', '~~~', '    x', '')));
    const fences = fc.tuple(fc.constantFrom('`', '~'), fc.integer({ min: 4, max: 9 }));
    fc.assert(
      fc.property(codes, fences, fc.constantFrom('', 'python', ' c++ '), (list, [mark, length], language) => {
        const code = list.map((line) => line.replace(/[\r\n]|[`~]{4,}/g, '')).join('\n');
        const fence = mark.repeat(length);
        expect(readCode(`Text.\n\n${fence}${language}\n${code}\n${fence}\n\n~~~\nno\n~~~`)).toBe(code);
      }),
    );
  });
});
