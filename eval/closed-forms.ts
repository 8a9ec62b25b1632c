/** How able a scripted model is, and how many candidates an approach takes from it. */
export interface Odds {
  /** A candidate is right with this probability, else one of the wrong ones, evenly. */
  readonly right: number;
  /** Whoever rates, chooses or aggregates does well with this probability. */
  readonly judge: number;
  /** Wrong answers that a task has, at least 1. */
  readonly wrong: number;
  /** Candidates that are taken, at least 1. */
  readonly candidates: number;
}

/** The probability of a right answer without any approach. */
export function plainOdds({ right }: Odds): number {
  return right;
}

/**
 * The probability that a vote gives the right answer: the sum over all counts of their multinomial probability, with a
 * tie among t won by each with 1/t. Generating functions count the ways in which no wrong answer has more votes than
 * the right one and `tied` of them as many.
 */
export function voteOdds({ right, wrong, candidates }: Odds): number {
  let sum = 0;
  for (let votes = 1; votes <= candidates; votes++) {
    const others = candidates - votes;
    const fewer = powers(votes - 1, others);
    const chosen = choose(candidates, votes) * right ** votes * ((1 - right) / wrong) ** others * factorial(others);
    for (let tied = 0; tied <= wrong && tied * votes <= others; tied++) {
      const left = others - tied * votes;
      const ways = coefficient(power(fewer, wrong - tied, others), left) / factorial(votes) ** tied;
      sum += (chosen * choose(wrong, tied) * ways) / (1 + tied);
    }
  }
  return sum;
}

/** The same where each candidate is rated high or low by itself, and the first of the best rated ones is given. */
export function bestOdds({ right, judge, candidates }: Odds): number {
  const high = right * judge + (1 - right) * (1 - judge);
  const allLow = (1 - high) ** candidates;
  const rightIfHigh = high === 0 ? 0 : (right * judge) / high;
  const rightIfLow = high === 1 ? 0 : (right * (1 - judge)) / (1 - high);
  return (1 - allLow) * rightIfHigh + allLow * rightIfLow;
}

/** The same where one call chooses among all candidates. */
export function choiceOdds({ right, judge, candidates }: Odds): number {
  const allRight = right ** candidates;
  return allRight + (1 - allRight - (1 - right) ** candidates) * judge;
}

/** The same where one call makes an answer of all candidates, which can be right only if one of them is. */
export function mixtureOdds({ right, judge, candidates }: Odds): number {
  return judge * (1 - (1 - right) ** candidates);
}

/** A polynomial, by the powers of x. */
type Polynomial = readonly number[];

/** 1 + x + x^2/2! + ... up to a power; none where that is negative. */
function powers(highest: number, limit: number): Polynomial {
  return Array.from({ length: Math.min(highest, limit) + 1 }, (_, at) => 1 / factorial(at));
}

function power(base: Polynomial, exponent: number, limit: number): Polynomial {
  let result: Polynomial = [1];
  for (let times = 0; times < exponent; times++) result = product(result, base, limit);
  return result;
}

/** Without the powers above the limit. */
function product(one: Polynomial, other: Polynomial, limit: number): Polynomial {
  const length = Math.min(one.length + other.length - 1, limit + 1);
  return Array.from({ length }, (_, at) =>
    one.slice(0, at + 1).reduce((sum, value, index) => sum + value * coefficient(other, at - index), 0),
  );
}

function coefficient(polynomial: Polynomial, at: number): number {
  return polynomial[at] ?? 0;
}

function factorial(value: number): number {
  return value <= 1 ? 1 : value * factorial(value - 1);
}

/** By factors, as the factorials of large numbers are none. */
function choose(all: number, some: number): number {
  let ways = 1;
  for (let taken = 0; taken < some; taken++) ways *= (all - taken) / (taken + 1);
  return ways;
}
