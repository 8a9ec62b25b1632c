import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { extractAnswer } from './extract-answer.ts';
import { sameAnswer } from './normalise-answer.ts';

describe('extractAnswer', () => {
  it.each([
    ['So \\boxed{4} or \\boxed{5}. The answer is 6.', '5'],
    ['\\boxed{\\frac{1}{2}} done', '\\frac{1}{2}'],
    ['\\boxed {x^{2}}', 'x^{2}'],
    ['\\boxed{\\boxed{4}}', '4'],
    ['\\boxed{4} and \\boxed{5', '4'],
    ['put it in \\boxed{}. The answer is 6', '6'],
    ['\\boxed{\\{1, 2\\}}', '\\{1, 2\\}'],
    ['The answer is 42.', '42'],
    ['The answer is 3.14. It is well known.', '3.14'],
    ['The answer is **42.** I hope this helps.', '42'],
    ['The final answer is: 42 apples\nDone.', '42 apples'],
    ['**Final Answer:** 42', '42'],
    ['**Final Answer**\n\n$$\n42\n$$', '42'],
    ['### Final answer\n(b) Paris', '(b) Paris'],
    ['**Answer**: "Paris".', 'Paris'],
    ['__Answer:__ _x_', 'x'],
    ['__Final answer is__ 42', '42'],
    ['The answer is __init__', 'init'],
    ['The answer is _id', '_id'],
    ['Final answer would be -5', '-5'],
    ['Final answer - 5', '5'],
    ['A **answer** is 1. No: the **answer is** (B).', '(B)'],
    ['He paid 3 * 4 = 12.\n#### 12', '12'],
    ['Answer: 1\nAnswer: 2', '2'],
    ['The answer is 42. I hope that is your final answer.', '42'],
    ['First 1, then 2.\n\n**42**\n', '42'],
    ['Let me see.\n(c)', '(c)'],
    ['Let me see.\nB.', 'B'],
    ['7', '7'],
    ['x\n1,000', '1,000'],
    ['x\n3/4', '3/4'],
  ])('of %j is %j', (text, answer) => {
    expect(extractAnswer(text)).toBe(answer);
  });

  it.each([
    ...[
      '',
      'Paris',
      'I do not know.',
      'The answer isn’t clear',
      'x\n42 cm',
      '1\n2 and so on',
      'the questionanswer: is',
      '##### 5 x',
    ],
    ...['The answer:', 'final answer.'],
  ])('of %j is none', (text) => {
    expect(extractAnswer(text)).toBeUndefined();
  });

  it('finds the same answer in any wording, with any emphasis and white space', () => {
    const answers = fc.oneof(
      fc.integer().map(String),
      fc.tuple(fc.integer(), fc.integer({ min: 1 })).map((parts) => parts.join('/')),
      fc.constantFrom('b', 'Paris', '3.25', 'New York'),
    );
    const marks = fc.constantFrom('', '*', '**', '_', '__', '`', '"', '$');
    const spaces = fc.constantFrom(' ', '  ', '\n', '\n\n', '\t');
    fc.assert(
      fc.property(answers, marks, spaces, (answer, mark, space) => {
        const marked = `${mark}${answer}${mark}`;
        const wordings = [
          `Thus \\boxed{${answer}}.`,
          `The answer is${space}${marked}. Really.`,
          `####${space}${marked}`,
        ];
        wordings.push(`**Final answer**:${space}${marked}${space}`, `**Answer:**${space}${marked}.\nThat is all.`);
        if (/\d|^b$/.test(answer)) wordings.push(`Thinking.\n${marked}.${space}`);
        for (const wording of wordings) {
          const found = extractAnswer(wording);
          expect(found !== undefined && sameAnswer(found, answer), wording).toBe(true);
        }
      }),
    );
  });
});
