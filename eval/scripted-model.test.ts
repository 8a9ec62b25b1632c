import { describe, expect, it } from 'vitest';
import { extractAnswer } from '../src/approaches/reading/extract-answer.ts';
import { sameAnswer } from '../src/approaches/reading/normalise-answer.ts';
import { withoutThinking } from '../src/approaches/reading/without-thinking.ts';
import { puzzleOf, readAttempts, wordAttempt } from './puzzle.ts';
import { playModel, type Skill } from './scripted-model.ts';

const skill: Skill = { name: 'test', right: 0.6, wrong: 3, judge: 1 };
const puzzle = puzzleOf(7, 1, 3);
const attempt = (serial: number, answer: string) => wordAttempt({ puzzle: 7, serial, answer });
const ask = (...contents: string[]) => ({ messages: contents.map((content) => ({ role: 'user', content })), seed: 1 });
const [wrong] = puzzle.wrong;

describe('a scripted model', () => {
  it('solves as often as its skill says, in each of its wordings', () => {
    let right = 0;
    const wrongs = new Set<number>();
    for (let number = 0; number < 2000; number++) {
      const { answer, question } = puzzleOf(number, 1, 3);
      for (const text of playModel(ask(question), 3, skill).texts) {
        const given = extractAnswer(withoutThinking(text)) ?? '';
        if (sameAnswer(given, answer)) right++;
        else wrongs.add(Number(given.replace(',', '')) - Number(answer));
      }
    }
    expect(Math.abs(right / 6000 - 0.6)).toBeLessThan(4 * Math.sqrt((0.6 * 0.4) / 6000));
    expect([...wrongs].sort((a, b) => a - b)).toEqual([7, 14, 21]);
  });

  it('gives the same choices in one call and in several with the seeds that follow', () => {
    const { texts } = playModel(ask(puzzle.question), 3, skill);
    const singles = [1, 2, 3].map((seed) => playModel({ ...ask(puzzle.question), seed }, 1, skill).texts[0]);
    expect(singles).toEqual(texts);
    expect(new Set(texts).size).toBe(3);
  });

  it('rates one candidate, judges several, and answers where a judgement is shown too', () => {
    const rating = (answer: string, judge: number) =>
      Number.parseInt(
        playModel(ask(puzzle.question, attempt(1, answer)), 1, { ...skill, judge }).texts[0]?.match(/\d+/)?.[0] ?? '',
        10,
      );
    expect([rating(puzzle.answer, 1), rating(wrong, 1), rating(puzzle.answer, 0), rating(wrong, 0)]).toEqual([
      9, 2, 2, 9,
    ]);
    const several = [attempt(1, wrong), attempt(2, puzzle.answer), attempt(3, wrong)].join('\n\n');
    const judged = playModel(ask(puzzle.question, several), 1, skill);
    expect(judged).toMatchObject({ role: 'judge', texts: [expect.stringMatching(/Best: 2$/)] });
    expect(playModel(ask(puzzle.question, several), 1, { ...skill, judge: 0 }).texts[0]).toMatch(/Best: 1$/);
    const mixed = (candidates: string) =>
      playModel(ask(puzzle.question, `${candidates}\n${judged.texts[0]}`), 1, skill);
    expect(mixed(several).role).toBe('aggregate');
    expect(extractAnswer(mixed(several).texts[0] ?? '')).toBe(puzzle.answer);
    expect(extractAnswer(mixed(`${attempt(1, wrong)}\n${attempt(3, wrong)}`).texts[0] ?? '')).not.toBe(puzzle.answer);
  });

  it('reads back every attempt as it was worded', () => {
    const attempts = Array.from({ length: 40 }, (_, serial) => ({ puzzle: 7, serial, answer: puzzle.answer }));
    expect(readAttempts(attempts.map(wordAttempt).join('\n'))).toEqual(attempts);
  });

  it('says so where a question is no puzzle, or the material shows no candidate', () => {
    expect(() => playModel(ask('Hello'), 1, skill)).toThrow(/no puzzle/);
    expect(() => playModel(ask(puzzle.question, 'Rate it.'), 1, skill)).toThrow(/no candidate/);
  });
});
