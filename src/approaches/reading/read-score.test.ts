import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readScore } from './read-score.ts';

const ten = { least: 0, most: 10 };
const one = { least: 0, most: 1 };

describe('readScore', () => {
  it.each([
    ['9', 9],
    [' **9.** \n', 9],
    ['9/10', 9],
    ['9 out of 10', 9],
    ['**9**/10', 9],
    ['4/5', 8],
    ['85%', 8.5],
    ['.5', 0.5],
    ['\\boxed{7}', 7],
    ['Score: 9', 9],
    ['score = 9/10 because', 9],
    ['**Rating:** 7.', 7],
    ['**Score**: **7.5**', 7.5],
    ['### Score\n\n7 - good', 7],
    ['Score (0-10): 7', 7],
    ['**Score (out of 10):** 7', 7],
    ['Rating on a scale of 0 to 10: 8', 8],
    ['Score 0-10: 7', 7],
    ['The score is 6.', 6],
    ['I give it a score of 6 of 10. This score reflects two errors.', 6],
    ['Score: 3 at first, but the final score: 8', 8],
    ['final_score: 8', 8],
    ['| Score | 7 |', 7],
    ['{"score": 9}', 9],
    ['```json\n{"Score": "9/10", "reason": "a score of 3 would be harsh"}\n```', 9],
    ['{"result": {"score": 4}}', 4],
    ['{"score": 9, broken', 9],
    ['I rate this 8/10 overall, with 3/4 of the steps right.', 8],
    ['Fine, but 2 errors.\n\n8', 8],
    ['8\n\nFine, but 2 errors.', 8],
    ['Score: 10', 10],
    ['Score: 0', 0],
  ])('of %j is %j', (text, score) => {
    expect(readScore(text, ten)).toBe(score);
  });

  it.each([
    ...[
      'bad',
      '',
      '11',
      '-3',
      'Score: -3',
      'Score: 11',
      'Score: 12/10',
      'Score: 85',
      '{"score": 11} 9/10',
      'Score: high',
    ],
    ...[
      'Score: 7-8',
      '7 to 8',
      'Score: 7th',
      'Score: 7/10/2024',
      '2 of 3 steps are right',
      '3\nor rather\n4',
      'Score: 5/0',
    ],
    ...['{"score": null}', 'underscore 7', 'Score: 7,5'],
  ])('of %j is not readable', (text) => {
    expect(readScore(text, ten)).toBeUndefined();
  });

  it('reads the range 0 to 1', () => {
    expect(readScore('0.7', one)).toBe(0.7);
    expect(readScore('Score: .25', one)).toBe(0.25);
    expect(readScore('7/10', one)).toBe(0.7);
    expect(readScore('70%', one)).toBe(0.7);
    expect(readScore('7', one)).toBeUndefined();
  });

  it('reads every number in the range from every form', () => {
    const ranges = fc.tuple(fc.integer({ min: -20, max: 20 }), fc.integer({ min: 1, max: 200 }), fc.nat({ max: 1000 }));
    fc.assert(
      fc.property(ranges, ([least, width, share]) => {
        const most = least + width;
        const number = Number((least + (width * share) / 1000).toFixed(3));
        const forms = [`${number}`, `Score: ${number}`, `**Rating:** ${number}.`, `{"score": ${number}}`];
        if (most > 0) forms.push(`${number}/${most}`, `I think it deserves ${number}/${most}`.replace('-', ''));
        for (const form of forms.slice(0, number < 0 ? 5 : 6)) expect(readScore(form, { least, most })).toBe(number);
      }),
    );
  });

  it('does not mind white space, emphasis and punctuation around the score', () => {
    const marks = fc.array(fc.constantFrom('*', '_', ' ', '\n', '`', ':', '"', '='), { maxLength: 12 });
    fc.assert(
      fc.property(marks, marks, fc.constantFrom('score', 'Rating', 'SCORE'), (before, after, word) => {
        const space = [...before, ...after].filter((mark) => mark.trim() === '').join('');
        expect(readScore(`1 reason. ${word}${before.join('')}:${after.join('')}7${space}\nEnd.`, ten)).toBe(7);
      }),
    );
  });
});
