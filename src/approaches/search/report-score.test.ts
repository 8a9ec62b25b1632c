import { expect, test } from 'vitest';
import { isEnough, readReportScore } from './report-score.ts';

const score = (completeness: number | null, quality: number | null) => ({ completeness, quality });

test.each([
  ['{"completeness": 0.8, "quality": 0.65}', 0.8, 0.65],
  ['It is good.\n```json\n{"Completeness": "0.8", "quality": 1}\n```', 0.8, 1],
  ['**Completeness:** 0.8\n**Quality:** 0.5', 0.8, 0.5],
  ['completeness = 8/10, quality = 70%', 0.8, 0.7],
  ['completeness: 0.1\ncompleteness: 0.2', 0.2, null],
  ['{"completeness": 8, "quality": -1}', null, null],
  ['{"completeness": "", "quality": null}', null, null],
  ['good', null, null],
  ['', null, null],
])('%j is read', (text, completeness, quality) => {
  expect(readReportScore(text)).toEqual(score(completeness, quality));
});

test.each([
  ['complete', [score(0.91, 0.1)], true],
  ['not complete by just so much', [score(0.9, 0.9)], false],
  ['no gain and rather complete', [score(0.5, 0.8), score(0.71, 0.82)], true],
  ['worse and rather complete', [score(0.5, 0.8), score(0.75, 0.5)], true],
  ['a gain of just so much', [score(0.5, 0.8), score(0.75, 0.83)], false],
  ['no gain and not so complete', [score(0.5, 0.8), score(0.7, 0.8)], false],
  ['nothing to compare with', [score(0.8, 0.8)], false],
  ['no quality before', [score(0.8, null), score(0.8, 0.8)], false],
  ['the last quality that there was', [score(0.8, 0.8), score(0.8, null), score(0.8, 0.81)], true],
  ['unreadable', [score(0.8, 0.8), score(null, 0.8)], false],
  ['complete, with no quality', [score(0.95, null)], true],
  ['nothing', [], false],
])('%s', (_, scores, enough) => {
  expect(isEnough(scores)).toBe(enough);
});
