import { expect, test } from 'vitest';
import { answeredModel } from './answered-model.ts';

test.each([
  ['{"id":"x","model":"gpt-4o","choices":[]}', 'gpt-4o'],
  ['data: {"id":"x", "model" :\t"gpt-4o","choices":[]}', 'gpt-4o'],
  ['{"object":"model","model":"mödel","choices":[]}', 'mödel'],
  ['{"model":"one","choices":[{"text":"\\"model\\":\\"two\\""}]}', 'one'],
  ['{"choices":[{"model":"two"}],"model":"one"}', undefined],
  ['{"model":"with \\"escape\\"","choices":[]}', undefined],
  ['{"model":""}', undefined],
  ['{"model":null}', undefined],
  ['{"model":"cut', undefined],
  ['{"id":"x"}', undefined],
  ['', undefined],
  [`{"model":"${'m'.repeat(256)}"}`, 'm'.repeat(256)],
  [`{"model":"${'m'.repeat(257)}"}`, undefined],
  [`{"id":"${'x'.repeat(600)}","model":"late"}`, undefined],
])('the model of %s', (answer, model) => {
  expect(answeredModel(Buffer.from(answer))).toBe(model);
  expect(answeredModel(Buffer.from(answer))).toBe(model);
});
