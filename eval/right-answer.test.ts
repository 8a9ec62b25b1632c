import { expect, it } from 'vitest';
import { isRightAnswer } from './right-answer.ts';

it.each([
  ['It is 6 * 7. The answer is 42.', '42', true],
  ['So \\boxed{1,000}', '1000.0', true],
  ['<think>The answer is 41</think>#### 42', 'Six by seven.\n#### 42', true],
  ['<think>The answer is 42', '42', false],
  ['**Answer:** (b)', 'B', true],
  ['Paris', 'paris', true],
  ['The answer is 43. It was said to be 42.', '42', false],
  ['', '42', false],
])('%j for %j: %s', (reply, answer, isRight) => {
  expect(isRightAnswer(reply, answer)).toBe(isRight);
});
