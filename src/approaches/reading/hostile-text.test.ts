import { describe, expect, it } from 'vitest';
import { extractAnswer } from './extract-answer.ts';
import { normaliseAnswer } from './normalise-answer.ts';
import { OutputTagReader } from './output-tag-reader.ts';
import { readChoice } from './read-choice.ts';
import { readCode } from './read-code.ts';
import { readJson } from './read-json.ts';
import { readOutput } from './read-output.ts';
import { readScore } from './read-score.ts';
import { readVerdict } from './read-verdict.ts';
import { voteOf } from './vote-of.ts';
import { withoutThinking } from './without-thinking.ts';

const megabyte = 1_000_000;
const units = [
  ...['<', '(', '7', ' ', '\n', '[', '{', '"', '`', '~', '*', '_', '.', ',', '/', '-', '#', '\\', '}', 'a', '\t', '0'],
  ...['<think>', '</think>', '<think ', '<think><output>', '<output ', '<output>', '</output', '<o'],
  ...['\\boxed{', '{}', '\\(', '\\!', '[{', '[1,', '{"a":', '[" ', '[ ', '{"score":1}', '{"best":', '\\text{', '1,'],
  ...['score', 'score ', 'score:', 'score (', 'score of ', 'score (((', '7/', '7/10 ', 'best ', 'best(', 'best of 1 '],
  ...[
    'answer:',
    'answer:\n',
    'answer:. ',
    'answer is ',
    'final answer',
    '#### ',
    'correct',
    'incorrect_',
    '```\n',
    '~~~ ',
  ],
];
const range = { least: 0, most: 10 };

/** The unit over and over, bare and with something at each end that makes patterns try once more. */
function hostile(unit: string): string[] {
  const text = unit.repeat(Math.ceil(megabyte / unit.length));
  return [text, `score: ${text}x`, `best ${text}x`, `the answer is ${text}x`, `<output>${text}<`];
}

describe('a megabyte of', () => {
  it.each(units)('%j is read without hanging', (unit) => {
    for (const text of hostile(unit)) {
      const [score, choice] = [readScore(text, range), readChoice(text, 3)];
      expect(score === undefined || (score >= 0 && score <= 10)).toBe(true);
      expect(choice === undefined || [1, 2, 3].includes(choice)).toBe(true);
      expect(['CORRECT', 'INCORRECT']).toContain(readVerdict(text));
      expect(text).toContain(readCode(text).slice(0, 100));
      expect(withoutThinking(text).length).toBeLessThanOrEqual(text.length);
      expect(readOutput(text).length).toBeLessThanOrEqual(text.length);
      expect(() => readJson(text)).not.toThrow();
      const normalised = normaliseAnswer(text);
      expect(normaliseAnswer(normalised) === normalised).toBe(true);
      expect(voteOf([extractAnswer(text)], [text])).toHaveLength(1);
    }
  });

  it.each(units)('%j is read as it streams, in small pieces', (unit) => {
    const text = `<output>${unit.repeat(Math.ceil(megabyte / 4 / unit.length))}`;
    const reader = new OutputTagReader();
    let given = '';
    for (let from = 0; from < text.length; from += 3) given += reader.push(text.slice(from, from + 3));
    expect(given + reader.end() === readOutput(text)).toBe(true);
  });
});
