import { readFile } from 'node:fs/promises';
import * as z from 'zod';

const line = z.object({
  question: z.string().min(1),
  answer: z.union([z.string().min(1), z.number().transform(String)]),
});

/** One question of a benchmark with its right answer. */
export type Question = z.output<typeof line>;

/**
 * Reads a file of questions, one JSON object `{"question", "answer"}` a line; further fields are left alone.
 * @throws Error that names the first line that is none
 */
export async function readQuestions(file: string): Promise<Question[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').map((text, index) => ({ text, number: index + 1 }));
  const questions = lines
    .filter(({ text }) => text.trim() !== '')
    .map(({ text, number }) => {
      const read = line.safeParse(parse(text));
      if (read.success) return read.data;
      throw new Error(`${file}:${number}: this is no {"question": "...", "answer": "..."}`);
    });
  if (questions.length === 0) throw new Error(`${file}: there is no question`);
  return questions;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
