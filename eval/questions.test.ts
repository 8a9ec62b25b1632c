import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readQuestions } from './questions.ts';

async function fileOf(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'headrace-eval-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'questions.jsonl');
  await writeFile(file, text);
  return file;
}

it('reads a question a line, whatever else the line says', async () => {
  const file = await fileOf('{"question":"1 + 1?","answer":2,"level":"easy"}\r\n\n{"question":"b?","answer":"(b)"}');
  expect(await readQuestions(file)).toEqual([
    { question: '1 + 1?', answer: '2' },
    { question: 'b?', answer: '(b)' },
  ]);
});

it.each([
  ['{"question":"a","answer":"b"}\n{"question":"a"}', /:2: /],
  ['\n[1]', /:2: /],
  ['no JSON', /:1: /],
  ['\n\n', /no question/],
])('names the line of %j that is none', async (text, message) => {
  await expect(readQuestions(await fileOf(text))).rejects.toThrow(message);
});
