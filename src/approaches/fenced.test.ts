import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fenced } from './fenced.ts';

describe('fenced', () => {
  test('numbers the texts from 1 and names them', () => {
    const text = fenced(['one', 'two'], 'candidate');
    expect(text.indexOf('candidate 1')).toBeLessThan(text.indexOf('one'));
    expect(text.indexOf('one')).toBeLessThan(text.indexOf('candidate 2'));
    expect(text.indexOf('candidate 2')).toBeLessThan(text.indexOf('two'));
  });

  test('is the same for the same texts', () => {
    expect(fenced(['one', 'two'], 'note')).toBe(fenced(['one', 'two'], 'note'));
  });

  test('has a mark that occurs in no text, and gives every text back whole', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('--- candidate 1 [', '--- end of ', '[]', '\n'),
    );
    const anyText = fc.array(piece).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(fc.array(anyText, { minLength: 1, maxLength: 4 }), (texts) => {
        const whole = fenced(texts, 'candidate');
        const mark = /^--- candidate 1 (\[\w+\])\n/.exec(whole)?.[1] ?? '';
        expect(mark).not.toBe('');
        for (const text of texts) expect(text).not.toContain(mark);
        expect(whole.split(mark)).toHaveLength(texts.length * 2 + 1);
        const inside = whole.split(mark).filter((_, index) => index % 2 === 1);
        expect(inside.map((part) => part.slice(1, part.lastIndexOf('\n--- end of ')))).toEqual(texts);
      }),
    );
  });

  test('a text that holds the marks of an earlier one gets others', () => {
    const first = fenced(['one'], 'candidate');
    const second = fenced([first], 'candidate');
    const mark = /\[\w+\]/.exec(first)?.[0] ?? '';
    expect(second.startsWith(`--- candidate 1 ${mark}`)).toBe(false);
  });
});
