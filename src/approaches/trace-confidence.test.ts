import fc from 'fast-check';
import { expect, test } from 'vitest';
import { traceConfidence } from './trace-confidence.ts';

function choiceOf(tokens: readonly (readonly number[])[]): Record<string, unknown> {
  const content = tokens.map((tops) => ({
    token: 'x',
    logprob: -1,
    top_logprobs: tops.map((logprob) => ({ logprob })),
  }));
  return { index: 0, logprobs: { content } };
}

test('is the lowest mean over a sliding window', () => {
  const tokens = [[-4, -6], [-1], [-2, -4], [-9]]; // 5, 1, 3, 9
  expect(traceConfidence(choiceOf(tokens), 1)).toBe(1);
  expect(traceConfidence(choiceOf(tokens), 2)).toBe(2);
  expect(traceConfidence(choiceOf(tokens), 3)).toBe(3);
});

test('a shorter reply is one window', () => {
  expect(traceConfidence(choiceOf([[-1], [-3]]), 2048)).toBe(2);
});

test.each([
  ['none', {}],
  ['null', { logprobs: null }],
  ['an empty list', choiceOf([])],
  ['no alternatives', choiceOf([[], []])],
  [
    'another form',
    { logprobs: { content: [null, 'x', { top_logprobs: 'x' }, { top_logprobs: [null, { logprob: '-1' }] }] } },
  ],
])('where there are no top log-probabilities (%s) there is no confidence', (_, choice) => {
  expect(traceConfidence(choice, 10)).toBeUndefined();
});

test('is the same as by the definition', () => {
  const confidences = fc.array(fc.float({ min: 0, max: 20, noNaN: true }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(confidences, fc.integer({ min: 1, max: 50 }), (values, window) => {
      const size = Math.min(window, values.length);
      const starts = Array.from({ length: values.length - size + 1 }, (_, start) => start);
      const means = starts.map(
        (start) => values.slice(start, start + size).reduce((sum, value) => sum + value, 0) / size,
      );
      const choice = choiceOf(values.map((value) => [-value, -value]));
      expect(traceConfidence(choice, window)).toBeCloseTo(Math.min(...means), 6);
    }),
  );
});
