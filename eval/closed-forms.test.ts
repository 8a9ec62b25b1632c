import { describe, expect, it } from 'vitest';
import { bestOdds, choiceOdds, mixtureOdds, type Odds, plainOdds, voteOdds } from './closed-forms.ts';

/** Gives an index with the probability that stands there. */
type Pick = (probabilities: readonly number[]) => number;

/** The probability of true, over every way in which the picks can go. */
function exactly(play: (pick: Pick) => boolean): number {
  const explore = (path: readonly number[]): number => {
    let at = 0;
    let weight = 1;
    let open: readonly number[] | undefined;
    const unfinished = Symbol('unfinished');
    try {
      const won = play((probabilities) => {
        const index = path[at++];
        if (index === undefined) {
          open = probabilities;
          throw unfinished;
        }
        weight *= probabilities[index] as number;
        return index;
      });
      return won ? weight : 0;
    } catch (thrown) {
      if (thrown !== unfinished) throw thrown;
    }
    return (open ?? []).reduce((sum, _, index) => sum + explore([...path, index]), 0);
  };
  return explore([]);
}

/** The candidates' answers; 0 is the right one. */
function sample({ right, wrong, candidates }: Odds, pick: Pick): number[] {
  const each = [right, ...Array.from({ length: wrong }, () => (1 - right) / wrong)];
  return Array.from({ length: candidates }, () => pick(each));
}

const isTrue = (pick: Pick, probability: number) => pick([1 - probability, probability]) === 1;

const plays: Record<string, { odds: (odds: Odds) => number; play: (odds: Odds, pick: Pick) => boolean }> = {
  plain: { odds: plainOdds, play: (odds, pick) => sample({ ...odds, candidates: 1 }, pick)[0] === 0 },
  vote: {
    odds: voteOdds,
    play: (odds, pick) => {
      const answers = sample(odds, pick);
      const votes = (answer: number) => answers.filter((other) => other === answer).length;
      const most = Math.max(...answers.map(votes));
      return answers.find((answer) => votes(answer) === most) === 0;
    },
  },
  best: {
    odds: bestOdds,
    play: (odds, pick) => {
      const answers = sample(odds, pick);
      const isHigh = answers.map((answer) => isTrue(pick, odds.judge) === (answer === 0));
      return answers[Math.max(0, isHigh.indexOf(true))] === 0;
    },
  },
  choice: {
    odds: choiceOdds,
    play: (odds, pick) => {
      const answers = sample(odds, pick);
      if (answers.every((answer) => answer === 0)) return true;
      return answers.includes(0) && isTrue(pick, odds.judge);
    },
  },
  mixture: {
    odds: mixtureOdds,
    play: (odds, pick) => sample(odds, pick).includes(0) && isTrue(pick, odds.judge),
  },
};

describe.each(Object.entries(plays))('the closed form of %s', (_name, { odds, play }) => {
  const settings = [
    { right: 0.6, judge: 0.8 },
    { right: 0.3, judge: 0.55 },
    { right: 0, judge: 0.7 },
    { right: 1, judge: 1 },
    { right: 0.5, judge: 0 },
  ];
  it.each(settings)('is what all outcomes add up to, with %j', (able) => {
    for (const wrong of [1, 2, 3]) {
      for (const candidates of [1, 2, 3, 4]) {
        const all = { ...able, wrong, candidates };
        expect(odds(all)).toBeCloseTo(
          exactly((pick) => play(all, pick)),
          10,
        );
      }
    }
  });
});

it('agrees with the worked examples', () => {
  const able = { right: 0.6, judge: 0.8, wrong: 1 };
  expect(voteOdds({ ...able, candidates: 5 })).toBeCloseTo(0.6826, 4);
  expect(bestOdds({ ...able, candidates: 3 })).toBeCloseTo(0.8074, 4);
  expect(choiceOdds({ ...able, candidates: 4 })).toBeCloseTo(0.8054, 4);
  expect(mixtureOdds({ ...able, judge: 0.9, candidates: 3 })).toBeCloseTo(0.8424, 4);
});

it('counts votes among very many wrong answers, which hardly ever agree', () => {
  const none = 0.5 ** 5;
  const one = 5 * 0.5 ** 5;
  const odds = voteOdds({ right: 0.5, judge: 1, wrong: 5000, candidates: 5 });
  expect(odds).toBeCloseTo(1 - none - one + one / 5, 3);
});
