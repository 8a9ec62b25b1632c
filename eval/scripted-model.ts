import { draw, drawOne } from './draw.ts';
import { type Attempt, type Puzzle, puzzleOf, readAttempts, readQuestion, wordAttempt } from './puzzle.ts';

/** How able a scripted model is. */
export interface Skill {
  /** Keeps apart what is drawn for equal puzzles. */
  readonly name: string;
  /** A candidate is right with this probability, else wrong in one of so many ways, evenly. */
  readonly right: number;
  readonly wrong: number;
  /** A rating, a choice or an answer made of candidates is good with this probability. */
  readonly judge: number;
}

/** The parts of a request that the model looks at. */
export interface ModelRequest {
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly temperature?: number;
  readonly seed?: number;
}

/** What a model was asked to do, as far as the texts in the prompt show it. */
export type Role = 'sample' | 'rate' | 'judge' | 'aggregate';

export interface ModelReply {
  readonly puzzle: number;
  readonly role: Role;
  /** What it was shown. */
  readonly shown: readonly Attempt[];
  /** One for each choice. */
  readonly texts: readonly string[];
}

const scores = { high: 9, low: 2 } as const;
const scoreForms = [(score: number) => `Score: ${score}`, (score: number) => `${score}/10`, String] as const;

/**
 * Plays solver, rater, chooser, critic and aggregator by draws alone. It takes a prompt that shows one candidate for a
 * request to rate, one that shows several for a request to judge them, and one that shows a judgement besides for a
 * request to make an answer of them.
 */
export function playModel(request: ModelRequest, choices: number, skill: Skill): ModelReply {
  const [question, ...rest] = request.messages.filter(({ role }) => role === 'user').map(({ content }) => content);
  const { number, seed } = readQuestion(question ?? '');
  const puzzle = puzzleOf(number, seed, skill.wrong);
  const shown = readAttempts(rest.join('\n'));
  const role = roleOf(rest, shown);
  const serial = request.seed ?? 0;
  const keys = [skill.name, seed, number];
  const isGood = (kind: string, index: number) => draw(...keys, kind, index) < skill.judge;
  const texts = {
    sample: () => Array.from({ length: choices }, (_, index) => solve(puzzle, serial + index, skill, keys)),
    rate: () => rate(puzzle, shown[0] as Attempt, isGood('rate', shown[0]?.serial ?? 0)),
    judge: () => judge(puzzle, shown, isGood('judge', 0)),
    aggregate: () => aggregate(puzzle, shown, isGood('aggregate', 0)),
  }[role]();
  return { puzzle: number, role, shown, texts };
}

function roleOf(material: readonly string[], shown: readonly Attempt[]): Role {
  if (material.length === 0) return 'sample';
  if (shown.length === 0) throw new Error(`the material shows no candidate: ${material.join('\n').slice(0, 200)}`);
  if (material.some((text) => text.includes('[judgement]'))) return 'aggregate';
  return shown.length === 1 ? 'rate' : 'judge';
}

function solve(puzzle: Puzzle, serial: number, skill: Skill, keys: readonly (string | number)[]): string {
  const isRight = draw(...keys, 'solve', serial) < skill.right;
  const answer = isRight ? puzzle.answer : drawOne(puzzle.wrong, ...keys, 'wrong', serial);
  return wordAttempt({ puzzle: puzzle.number, serial, answer });
}

/** High for a right candidate if the rater does well, and for a wrong one if it does not. */
function rate(puzzle: Puzzle, { answer, serial }: Attempt, isGood: boolean): string[] {
  const score = (answer === puzzle.answer) === isGood ? scores.high : scores.low;
  return [drawOne(scoreForms, 'score', puzzle.number, serial)(score)];
}

/** Prefers a right one if it does well and a wrong one if not, as far as both are shown. */
function judge(puzzle: Puzzle, shown: readonly Attempt[], isGood: boolean): string[] {
  const wanted = shown.findIndex(({ answer }) => (answer === puzzle.answer) === isGood);
  return [`[judgement] They differ in how they count.\nBest: ${Math.max(0, wanted) + 1}`];
}

function aggregate(puzzle: Puzzle, shown: readonly Attempt[], isGood: boolean): string[] {
  const canKnow = shown.some(({ answer }) => answer === puzzle.answer);
  const [wrong] = puzzle.wrong;
  return [`Of all that was said this holds: the answer is ${canKnow && isGood ? puzzle.answer : wrong}.`];
}
