import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readVerdict } from './read-verdict.ts';

describe('readVerdict', () => {
  it.each([
    ['CORRECT', 'CORRECT'],
    ['Verdict: **Correct**.', 'CORRECT'],
    ['_correct_', 'CORRECT'],
    ['Step 1 is correct, step 2 is not.\nINCORRECT', 'INCORRECT'],
    ['incorrect at first sight, yet correct', 'CORRECT'],
    ['correctly done', 'INCORRECT'],
    ['uncorrect', 'INCORRECT'],
    ['{"is_correct": false}', 'INCORRECT'],
    ['correct_answer', 'INCORRECT'],
    ['', 'INCORRECT'],
  ])('of %j is %j', (text, verdict) => {
    expect(readVerdict(text)).toBe(verdict);
  });

  it('is the last word of several, whatever stands between', () => {
    const words = fc.array(fc.constantFrom('CORRECT', 'INCORRECT', 'correct', 'Incorrect'), { minLength: 1 });
    fc.assert(
      fc.property(words, fc.constantFrom(' ', '. ', '**', '\n', '"', '('), (list, between) => {
        expect(readVerdict(list.join(between))).toBe(list.at(-1)?.toUpperCase());
      }),
    );
  });
});
