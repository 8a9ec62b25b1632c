import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byScore, last } from './by-score.ts';
import { candidateOf, names } from './test-candidates.ts';

const candidates = Array.from({ length: 100 }, (_, index) => candidateOf(`b${index}`));

test('the least score comes first, equal ones stay in their order, however many there are', () => {
  const score = fc.oneof(fc.nat(5), fc.constantFrom(last, -1), fc.double({ noNaN: true }));
  fc.assert(
    fc.property(fc.array(score, { maxLength: 100, size: 'max' }), (scores) => {
      const some = candidates.slice(0, scores.length);
      const wanted = scores
        .map((value, index) => ({ value, name: `b${index}` }))
        .toSorted((one, other) => (one.value === other.value ? 0 : one.value < other.value ? -1 : 1));
      const order = byScore(some, [...scores]);
      expect(names(order)).toEqual(wanted.map(({ name }) => name));
    }),
  );
});
