import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readChoice } from './read-choice.ts';

describe('readChoice', () => {
  it.each([
    ['3', 3],
    ['**3.**', 3],
    ['#3', 3],
    ['Candidate 3', 3],
    ['[3]', 3],
    ['3\n\nIt is the clearest.', 3],
    ['Both 1 and 2 are wrong.\n\n**3**', 3],
    ['{"best": 3}', 3],
    ['```json\n{"reason": "1 is worse", "best": "3"}\n```', 3],
    ['Best: 3', 3],
    ['**Best answer:**\n\n3 (it is right)', 3],
    ['The best answer is candidate 3.', 3],
    ['The best one of the 4 candidates is 3', 3],
    ['The best among candidates 1, 2 and 4: 3', 3],
    ['best is the 3rd reply', 3],
    ['**Best**\n\nCandidate 3', 3],
    ['Best. 3', 3],
    ['At first 1 looks best, 2 too. The best is 3! 4 is worse.', 3],
    ['The best is 3, with the best proof.', 3],
  ])('of %j is %j', (text, choice) => {
    expect(readChoice(text, 4)).toBe(choice);
  });

  it.each([
    ...[
      '',
      'none',
      '0',
      '5',
      '-1',
      '2.5',
      'Best: 5',
      'Best: 2.5',
      'best: 3,5',
      'Candidate 2 is better',
      'the 3 bestsellers',
    ],
    ...[
      'Candidate 2 is best. Candidates 1 and 3 are wrong.',
      '2 is best because 1 is wrong',
      '1\nno, rather\n2',
      'best of 3',
    ],
    ...['{"best": 1.5}', '{"best": 9}', 'The best answer\nCandidate 1 has an error'],
  ])('of %j is not readable', (text) => {
    expect(readChoice(text, 4)).toBeUndefined();
  });

  it('reads every candidate from every form and refuses all others', () => {
    fc.assert(
      fc.property(fc.nat({ max: 50 }), fc.integer({ min: 1, max: 40 }), (number, count) => {
        const expected = number >= 1 && number <= count ? number : undefined;
        for (const form of [`${number}`, `Best: ${number}`, `The **best** is #${number}.`, `{"best": ${number}}`]) {
          expect(readChoice(form, count)).toBe(expected);
        }
      }),
    );
  });
});
