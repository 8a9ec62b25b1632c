import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readList } from './read-list.ts';

describe('readList', () => {
  it.each([
    ['a JSON array', '["one", " two "]', ['one', 'two']],
    ['a fenced one amid prose', 'Here:\n```json\n["one",\n"two"]\n```\nDone.', ['one', 'two']],
    ['a numbered list', 'Here they are:\n1. one\n2) two\n10: three', ['one', 'two', 'three']],
    ['a bulleted list', '- one\n* two\n  • three', ['one', 'two', 'three']],
    ['items of several lines', '1. one\n   more\n\n2. two', ['one\nmore', 'two']],
    ['no list', ' just a text\nof two lines ', ['just a text\nof two lines']],
    ['an array of numbers in prose', 'Look at [1, 2] first.', ['Look at [1, 2] first.']],
    ['an empty array', '[]', ['[]']],
  ])('reads %s', (_, text, expected) => {
    expect(readList(text)).toEqual(expected);
  });

  it('reads what was written as JSON or as a list of lines', () => {
    const item = fc.stringMatching(/^[a-z][a-z ,]{0,20}[a-z]$/);
    fc.assert(
      fc.property(fc.array(item, { minLength: 1 }), (items) => {
        expect(readList(JSON.stringify(items))).toEqual(items);
        expect(readList(items.map((one, index) => `${index + 1}. ${one}`).join('\n'))).toEqual(items);
      }),
    );
  });

  it('ends with long hostile texts', () => {
    for (const piece of [' ', '1', '- ', '\n', '1.', '[']) {
      expect(readList(piece.repeat(300_000)).length).toBeGreaterThan(0);
    }
  });
});
