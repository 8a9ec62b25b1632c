import fc from 'fast-check';
import { expect, it } from 'vitest';
import { withoutTexts } from './without-texts.ts';

it('keeps what is counted and measured', () => {
  const votes = [
    { answer: 'Paris', count: 3 },
    { answer: 'Rome', count: 1 },
  ];
  expect(
    withoutTexts({ votes, scores: [2, null, 9], chosen: 3, is_blind: false, sources: ['https://a.example'] }),
  ).toEqual({
    votes: [{ count: 3 }, { count: 1 }],
    scores: [2, null, 9],
    chosen: 3,
    is_blind: false,
    sources: [],
  });
});

it('keeps the words of stages themselves', () => {
  const routed = { approach: 'moa', by: 'rule 1' };
  expect(withoutTexts({ routed, skipped: 'response_format', answer: 'Paris' })).toEqual({
    routed,
    skipped: 'response_format',
  });
  const told = { choices: [{ routed, votes: [{ answer: 'Paris', count: 1 }] }], spl: { type: 'logic', strategies: 1 } };
  expect(withoutTexts(told)).toEqual({ ...told, choices: [{ routed, votes: [{ count: 1 }] }] });
});

it('never holds a text of others, and never much', () => {
  const anything = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.anything({ maxDepth: 8 }));
  fc.assert(
    fc.property(anything, (metadata) => {
      const values: unknown[] = [];
      JSON.stringify(withoutTexts(metadata), (_key, value) => {
        values.push(value);
        return value;
      });
      expect(values.filter((value) => typeof value === 'string')).toEqual([]);
    }),
  );
  expect(withoutTexts({ scores: Array.from({ length: 5000 }, () => 1) }).scores).toHaveLength(100);
});
