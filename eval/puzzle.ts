import { draw, drawOne } from './draw.ts';

/** A question with one right answer and some wrong ones, all of six digits. */
export interface Puzzle {
  readonly number: number;
  readonly question: string;
  readonly answer: string;
  readonly wrong: readonly [string, ...string[]];
}

/** An answer that a scripted solver gave, as others are shown it. */
export interface Attempt {
  readonly puzzle: number;
  /** Says apart the attempts at one puzzle. */
  readonly serial: number;
  readonly answer: string;
}

/** @param wrong how many wrong answers there are, at least 1 */
export function puzzleOf(number: number, seed: number, wrong: number): Puzzle {
  const value = 100_000 + Math.floor(draw(seed, 'answer', number) * 800_000);
  return {
    number,
    question: `Puzzle ${number} of series ${seed}: how many marbles are in the jar?`,
    answer: String(value),
    wrong: Array.from({ length: wrong }, (_, index) => String(value + 7 * (index + 1))) as [string, ...string[]],
  };
}

/** Which puzzle and series a question is about. */
export function readQuestion(question: string): { number: number; seed: number } {
  const match = /^Puzzle (\d+) of series (\d+):/.exec(question);
  if (match === null) throw new Error(`this is no puzzle: ${question.slice(0, 100)}`);
  return { number: Number(match[1]), seed: Number(match[2]) };
}

type Wording = (answer: string, mark: string) => string;

/** The same answer looks different in each, as it does with models. */
const wordings: readonly [Wording, ...Wording[]] = [
  (answer, mark) => `I count layer by layer. ${mark} The answer is ${answer}.`,
  (answer, mark) => `${mark} Final answer: ${answer.slice(0, 3)},${answer.slice(3)}`,
  (answer, mark) => `By volume, ${mark} it must be \\boxed{${answer}} of them.`,
  (answer, mark) => `Half of it is clear.\n${mark} #### ${answer}.0`,
  (answer, mark) => `<think>Perhaps 123456? No.</think>Measured twice. ${mark} **Answer:** ${answer}`,
];

/** An attempt as a model's text. */
export function wordAttempt({ puzzle, serial, answer }: Attempt): string {
  return drawOne(wordings, 'wording', puzzle, serial)(answer, `[attempt ${puzzle}.${serial}]`);
}

/** The attempts that a prompt shows, in order. */
export function readAttempts(prompt: string): Attempt[] {
  return [...prompt.matchAll(/\[attempt (\d+)\.(\d+)\][^\d\n]*(\d{3}),?(\d{3})/g)].map(
    ([, puzzle, serial, high, low]) => ({ puzzle: Number(puzzle), serial: Number(serial), answer: `${high}${low}` }),
  );
}
