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

describe('a megabyte of', () => {
  it.each(units)('%j is read without hanging', (unit) => {
    const text = unit.repeat(Math.ceil(megabyte / unit.length));
    for (const score of [readScore(text, range), readScore(`score: ${text}x`, range)]) {
      expect(score === undefined || (score >= 0 && score <= 10)).toBe(true);
    }
    for (const choice of [readChoice(text, 3), readChoice(`best ${text}x`, 3)]) {
      expect([undefined, 1, 2, 3]).toContain(choice);
    }
    expect(['CORRECT', 'INCORRECT']).toContain(readVerdict(text));
    expect(text).toContain(readCode(text).slice(0, 100));
    expect(withoutThinking(text).length).toBeLessThanOrEqual(text.length);
    expect(readOutput(`<output>${text}<`).length).toBeLessThanOrEqual(text.length + 1);
    expect(JSON.stringify([readJson(text)])).toMatch(/^\[/);
    const normalised = normaliseAnswer(text);
    expect(normaliseAnswer(normalised) === normalised).toBe(true);
    expect(voteOf([extractAnswer(text), extractAnswer(`the answer is ${text}x`)], [text, ''])).not.toHaveLength(0);
  });

  it.each(units)('%j is read as it streams, in small pieces', (unit) => {
    const text = `<output>${unit.repeat(Math.ceil(megabyte / 4 / unit.length))}`;
    const reader = new OutputTagReader();
    let given = '';
    for (let from = 0; from < text.length; from += 3) given += reader.push(text.slice(from, from + 3));
    expect(given + reader.end() === readOutput(text)).toBe(true);
  });
});
