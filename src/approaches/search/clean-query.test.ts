import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bareQuery, cleanQuery, readQuery } from './clean-query.ts';

describe('cleanQuery', () => {
  test('gives one line', () => {
    expect(cleanQuery('  who\n\nis\tthat ?  ')).toBe('who is that ?');
    expect(cleanQuery(' \n ')).toBe('');
  });

  test('keeps within what providers take, whatever comes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 3000 }), (text) => {
        const query = cleanQuery(text);
        expect(query.length).toBeLessThanOrEqual(400);
        expect(query.split(' ').length).toBeLessThanOrEqual(50);
        expect(query.isWellFormed()).toBe(true);
      }),
    );
    expect(cleanQuery('word '.repeat(90)).split(' ')).toHaveLength(50);
    expect(cleanQuery(`${'a'.repeat(300)} ${'b'.repeat(300)}`)).toBe('a'.repeat(300));
    expect(cleanQuery('a'.repeat(900))).toHaveLength(400);
  });
});

describe('readQuery', () => {
  test.each([
    ['tallest tower 2025', 'tallest tower 2025'],
    ['"tallest tower 2025"', 'tallest tower 2025'],
    ['Query: tallest tower', 'tallest tower'],
    ['**Search query:** `tallest tower`', 'tallest tower'],
    ['Here it is:\n\ntallest tower\n', 'tallest tower'],
    ['```\ntallest tower\n```', 'tallest tower'],
    ['{"query": "tallest tower"}', 'tallest tower'],
    ['"tallest tower" height', '"tallest tower" height'],
    ['', ''],
  ])('%j', (reply, query) => {
    expect(readQuery(reply)).toBe(query);
  });
});

test('bareQuery takes the marks of a list off', () => {
  expect(['1. one', '- two', '3) “three”', '2025 results', '"a" or "b"'].map(bareQuery)).toEqual([
    'one',
    'two',
    'three',
    '2025 results',
    '"a" or "b"',
  ]);
});
