import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { strategies } from '../config/route-config.ts';
import type { Candidate } from '../types/route.ts';
import { CandidateHealth } from './candidate-health.ts';
import { balancers } from './registry.ts';
import { candidateOf, choiceOf, dice, names, tierOf, twoFailures } from './test-candidates.ts';

const price = (input: number | undefined, output: number | undefined) => ({
  prices: { input, cachedInput: undefined, output },
});

/** Candidates in any condition. */
const anyCandidates = fc
  .array(
    fc.record({
      weight: fc.constantFrom(0, 0.5, 1, 3),
      inFlight: fc.nat(3),
      latency: fc.option(fc.nat(1000), { nil: undefined }),
      input: fc.option(fc.nat(1000), { nil: undefined }),
      output: fc.option(fc.nat(1000), { nil: undefined }),
    }),
    { minLength: 1, maxLength: 80, size: 'max' },
  )
  .map((all) =>
    all.map(({ weight, inFlight, latency, input, output }, index) => {
      const health = new CandidateHealth(twoFailures, () => 0);
      health.inFlight = inFlight;
      if (latency !== undefined) health.streams.add(latency);
      return candidateOf(`b${index}`, { weight, health, ...price(input, output) });
    }),
  );

describe('every strategy', () => {
  it.each(strategies)('%s: gives every candidate once, those without weight last', (strategy) => {
    fc.assert(
      fc.property(anyCandidates, fc.nat(), fc.nat(), (candidates, seed, affinity) => {
        const written = [...candidates];
        const order = balancers[strategy](tierOf(strategy, candidates), choiceOf({ affinity, random: dice(seed) }));
        expect(candidates).toEqual(written);
        expect(names(order).toSorted()).toEqual(names(candidates).toSorted());
        const weightless = order.map(({ weight }) => weight === 0);
        expect(weightless).toEqual(weightless.toSorted((one, other) => Number(one) - Number(other)));
      }),
      { numRuns: 200 },
    );
  });
});

describe('ordered', () => {
  it('is as written, without anything being built', () => {
    const candidates = [candidateOf('a'), candidateOf('b')];
    expect(balancers.ordered(tierOf('ordered', candidates), choiceOf())).toBe(candidates);
  });
});

describe('weighted', () => {
  const weights = [1, 2, 5];
  const candidates = weights.map((weight, index) => candidateOf(`w${index}`, { weight }));
  const tier = tierOf('weighted', candidates);
  const draws = 40_000;

  it.each([
    ['by chance', () => 0],
    ['by conversations', (index: number) => index + 1],
  ])('gives each its share, %s', (_, affinity) => {
    const random = dice();
    const firsts = [0, 0, 0];
    const seconds = [0, 0, 0];
    for (let i = 0; i < draws; i++) {
      const order = balancers.weighted(tier, choiceOf({ affinity: affinity(i), random }));
      (firsts[candidates.indexOf(order[0] as Candidate)] as number)++;
      if (order[0] === candidates[2]) (seconds[candidates.indexOf(order[1] as Candidate)] as number)++;
    }
    firsts.forEach((count, index) => {
      expect(count / draws).toBeCloseTo((weights[index] as number) / 8, 1.7);
    });
    // Who takes over from the third has one of three parts, or two.
    expect((seconds[0] as number) / (firsts[2] as number)).toBeCloseTo(1 / 3, 1.7);
  });

  it('gives a conversation the same order in every process, however the candidates are written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 32 - 1 }), (affinity) => {
        const order = balancers.weighted(tier, choiceOf({ affinity, random: dice(affinity) }));
        const again = weights.map((weight, index) => candidateOf(`w${index}`, { weight })).toReversed();
        expect(names(balancers.weighted(tierOf('weighted', again), choiceOf({ affinity })))).toEqual(names(order));
      }),
    );
    // Written down, so that a new release does not move all conversations of a fleet.
    const told = [1, 2, 3, 4, 5, 6].map((affinity) => balancers.weighted(tier, choiceOf({ affinity }))[0]);
    expect(names(told as Candidate[])).toMatchInlineSnapshot(`
      [
        "w1",
        "w2",
        "w1",
        "w2",
        "w1",
        "w2",
      ]
    `);
  });

  it('a new candidate takes its share, and moves nothing else', () => {
    const more = [...candidates, candidateOf('new', { weight: 2 })];
    let moved = 0;
    for (let affinity = 1; affinity <= draws; affinity++) {
      const before = balancers.weighted(tier, choiceOf({ affinity }));
      const after = balancers.weighted(tierOf('weighted', more), choiceOf({ affinity }));
      expect(after.filter((one) => one !== more[3])).toEqual(before);
      if (after[0] === more[3]) moved++;
    }
    expect(moved / draws).toBeCloseTo(2 / 10, 1.7);
  });

  it('tells variants of one model apart by the parameters that they set', () => {
    const health = new CandidateHealth(twoFailures);
    const variants = ['0', '1'].map((temperature) =>
      candidateOf('one', { health, parameters: new Map([['temperature', temperature]]) }),
    );
    let first = 0;
    for (let affinity = 1; affinity <= 10_000; affinity++) {
      if (balancers.weighted(tierOf('weighted', variants), choiceOf({ affinity }))[0] === variants[0]) first++;
    }
    expect(first / 10_000).toBeCloseTo(0.5, 1.5);
  });
});

describe('least-busy', () => {
  const firsts = (candidates: readonly Candidate[]) => {
    const random = dice();
    const order = () => balancers['least-busy'](tierOf('least-busy', candidates), choiceOf({ random }));
    return Array.from({ length: 10_000 }, () => names(order())[0]);
  };

  it('takes that with the fewest running calls for its weight', () => {
    const candidates = [candidateOf('a'), candidateOf('b', { weight: 4 }), candidateOf('c')];
    [2, 4, 3].forEach((calls, index) => {
      (candidates[index] as Candidate).health.inFlight = calls;
    });
    const order = balancers['least-busy'](tierOf('least-busy', candidates), choiceOf());
    expect(names(order)).toEqual(['b', 'a', 'c']);
  });

  it('lets chance decide among equals, by weight', () => {
    const all = firsts([candidateOf('a'), candidateOf('b', { weight: 3 })]);
    expect(all.filter((name) => name === 'b').length / all.length).toBeCloseTo(0.75, 1.5);
  });

  it('keeps the loads of equal ones within one of each other', () => {
    const candidates = ['a', 'b', 'c'].map((name) => candidateOf(name));
    const random = dice();
    for (let i = 0; i < 300; i++) {
      const [first] = balancers['least-busy'](tierOf('least-busy', candidates), choiceOf({ random }));
      (first as Candidate).health.inFlight++;
    }
    expect(candidates.map(({ health }) => health.inFlight)).toEqual([100, 100, 100]);
  });
});

describe('lowest-latency', () => {
  const never = () => 0.5;
  const order = (candidates: readonly Candidate[], random: () => number = never, stream = true) =>
    names(balancers['lowest-latency'](tierOf('lowest-latency', candidates), choiceOf({ random, stream })));

  it('takes the fastest, by calls of the same kind', () => {
    const candidates = [candidateOf('slow'), candidateOf('fast'), candidateOf('middle')];
    [300, 100, 200].forEach((time, index) => {
      const { health } = candidates[index] as Candidate;
      health.streams.add(time);
      health.wholes.add(1000 - time);
    });
    expect(order(candidates)).toEqual(['fast', 'middle', 'slow']);
    expect(order(candidates, never, false)).toEqual(['slow', 'middle', 'fast']);
  });

  it('explores those without a time first, but with one call at a time', () => {
    const candidates = [candidateOf('known'), candidateOf('new'), candidateOf('newer')];
    (candidates[0] as Candidate).health.streams.add(50);
    expect(order(candidates)).toEqual(['new', 'newer', 'known']);
    (candidates[1] as Candidate).health.inFlight = 1;
    expect(order(candidates)).toEqual(['newer', 'known', 'new']);
    (candidates[2] as Candidate).health.inFlight = 2;
    expect(order(candidates)).toEqual(['known', 'new', 'newer']);
    expect(order(candidates, () => 0)).toEqual(['known', 'new', 'newer']); // not even now and then
  });

  it('tries another one in one of fifty calls, each of them equally often', () => {
    const candidates = ['a', 'b', 'c', 'off', 'broken'].map((name, index) => {
      const candidate = candidateOf(name, { weight: name === 'off' ? 0 : 1 }, () => 0);
      candidate.health.streams.add(100 + index);
      return candidate;
    });
    const { breaker } = (candidates[4] as Candidate).health;
    breaker.failed();
    breaker.failed();
    const random = dice();
    const counts: Record<string, number> = {};
    for (let i = 0; i < 100_000; i++) {
      const first = order(candidates, random)[0] as string;
      counts[first] = (counts[first] ?? 0) + 1;
    }
    expect(Object.keys(counts).toSorted()).toEqual(['a', 'b', 'c']);
    expect((counts.b as number) / 100_000).toBeCloseTo(0.01, 2);
    expect((counts.c as number) / 100_000).toBeCloseTo(0.01, 2);
  });
});

describe('lowest-cost', () => {
  const order = (candidates: readonly Candidate[], bytes: number) =>
    names(balancers['lowest-cost'](tierOf('lowest-cost', candidates), choiceOf({ bytes })));

  it('weighs input and output as the size of the prompt says', () => {
    const candidates = [
      candidateOf('long-prompts', price(100, 4000)),
      candidateOf('short-prompts', price(1000, 2000)),
      candidateOf('free', price(0, 0)),
    ];
    expect(order(candidates, 400)).toEqual(['free', 'short-prompts', 'long-prompts']);
    expect(order(candidates, 400_000)).toEqual(['free', 'long-prompts', 'short-prompts']);
  });

  it('puts what is unknown last, and equal ones as written', () => {
    const candidates = [
      candidateOf('unknown'),
      candidateOf('half', price(undefined, 1)),
      candidateOf('dear input', price(5, undefined)),
      candidateOf('cheap input', price(4, undefined)),
      candidateOf('known', price(900, 900)),
      candidateOf('as known', price(900, 900)),
    ];
    const wanted = ['known', 'as known', 'cheap input', 'dear input', 'unknown', 'half'];
    expect(order(candidates, 1000)).toEqual(wanted);
  });
});

describe('race', () => {
  it('is as written where weights are equal, and by weight where they are not', () => {
    const equal = ['a', 'b', 'c'].map((name) => candidateOf(name, { weight: 2 }));
    const order = (candidates: readonly Candidate[], random = dice()) =>
      names(balancers.race(tierOf('race', candidates), choiceOf({ random })));
    expect(order(equal)).toEqual(['a', 'b', 'c']);
    const random = dice();
    const unequal = [candidateOf('a'), candidateOf('b', { weight: 9 })];
    const firsts = Array.from({ length: 2000 }, () => order(unequal, random)[0]);
    expect(firsts.filter((name) => name === 'b').length / 2000).toBeCloseTo(0.9, 1.5);
  });
});
