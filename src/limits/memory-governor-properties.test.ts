import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Admission, Grant } from './governor.ts';
import type { Demand, Limit } from './limit.ts';
import { MemoryGovernor } from './memory-governor.ts';
import { limit, type ModelCall, ModelGovernor, TestClock, usedOf } from './test-limits.ts';

const team = { kind: 'team', name: 'research' } as const;
const tag = { kind: 'tag', name: 'batch' } as const;
const kinds = [
  ['requests', 'minute'],
  ['tokens', 'minute'],
  ['requests', 'day'],
  ['tokens', 'day'],
  ['cost', 'day'],
  ['cost', 'week'],
  ['cost', 'month'],
  ['cost', 'total'],
  ['concurrent', undefined],
] as const;

const limits = fc.array(
  fc.record({
    kind: fc.constantFrom(...kinds),
    level: fc.constantFrom(undefined, team, tag),
    maximum: fc.integer({ min: 0, max: 60 }),
  }),
  { maxLength: 10 },
);
const demand = fc.record({
  requests: fc.constantFrom(1, 1, 1, 2),
  tokens: fc.integer({ min: 0, max: 25 }),
  cost: fc.integer({ min: 0, max: 25 }),
});
const minute = 60_000;
const day = 86_400_000;
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('admit' as const), demand }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('settle' as const), which: fc.nat(), demand }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('release' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('extend' as const), which: fc.nat(), demand }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      ms: fc.oneof(fc.nat(minute), fc.constantFrom(minute - 1, minute, day, 3 * day)),
      clockStep: fc.constantFrom(0, 0, 0, 0, 0, -1000, 1000, -day, day),
    }),
  },
);

interface Running {
  readonly grant: Grant;
  readonly call: ModelCall;
}

/** A governor and the model of it, which must always agree. */
class Pair {
  readonly clock = new TestClock();
  readonly changes = new Map<string, number>();
  readonly limits: readonly Limit[];
  readonly governor: MemoryGovernor;
  readonly model: ModelGovernor;
  readonly running: Running[] = [];
  readonly bound;
  readonly #isModest: boolean;

  /** @param isModest calls take no more than they reserved */
  constructor(given: readonly Limit[], isModest: boolean) {
    this.limits = [...new Map(given.map((one) => [one.id, one])).values()];
    this.model = new ModelGovernor(this.limits, this.clock);
    this.#isModest = isModest;
    this.governor = new MemoryGovernor({
      clock: this.clock,
      onSettled: (changes) => {
        for (const { limitId, periodStart, used } of changes) {
          const key = `${limitId} ${periodStart}`;
          this.changes.set(key, (this.changes.get(key) ?? 0) + used);
        }
      },
    });
    this.bound = this.governor.bind(given);
  }

  do(one: typeof step extends fc.Arbitrary<infer S> ? S : never): void {
    if (one.do === 'pass') {
      this.clock.pass(one.ms);
      this.clock.wall += one.clockStep;
    } else if (one.do === 'admit') this.#admit(one.demand);
    else if (this.running.length > 0) {
      const at = one.which % this.running.length;
      const picked = this.running[at] as Running;
      if (one.do === 'extend') this.#extend(picked, one.demand);
      else {
        this.running.splice(at, 1);
        this.end(picked, one.do === 'settle' ? one.demand : undefined);
      }
    }
    expect(usedOf(this.governor.state(this.bound))).toEqual(this.used());
  }

  used(): Record<string, number> {
    return Object.fromEntries(this.limits.map((one) => [one.id, this.model.used(one)]));
  }

  end({ grant, call }: Running, asked: Demand | undefined): void {
    const taken = asked && this.#isModest ? least(asked, call.reserved) : asked;
    if (taken === undefined) grant.release();
    else grant.settle(taken);
    grant.release();
    grant.settle({ requests: 7, tokens: 7, cost: 7 });
    this.model.end(call, taken);
  }

  #admit(asked: Demand): void {
    const fits = this.limits.every((one) => this.model.fits(one, asked));
    const admission = this.governor.admit(this.bound, asked);
    expect(admission.admitted).toBe(fits);
    if (admission.admitted) this.running.push({ grant: admission.grant, call: this.model.admit(asked) });
    else this.#checkRefusal(admission, asked);
  }

  #checkRefusal(refusal: Extract<Admission, { admitted: false }>, asked: Demand): void {
    const { limit: named, used } = refusal.refusedBy;
    expect(this.model.fits(named, asked)).toBe(false);
    expect(used).toBe(this.model.used(named));
    const { retryAfterMs } = refusal;
    if (retryAfterMs === undefined) {
      expect(named.period === 'total' || !new ModelGovernor([named], this.clock).fits(named, asked)).toBe(true);
      return;
    }
    expect(retryAfterMs).toBeGreaterThan(0);
    for (const one of this.limits) {
      if (one.resource !== 'concurrent') expect(this.model.fits(one, asked, retryAfterMs)).toBe(true);
    }
    if (named.resource !== 'concurrent') expect(this.model.fits(named, asked, retryAfterMs - 1)).toBe(false);
  }

  #extend({ grant, call }: Running, more: Demand): void {
    const has = this.model.hasMore(call, more);
    expect(grant.extend(more)).toBe(has);
    if (has) this.model.extend(call, more);
  }
}

function least(one: Demand, other: Demand): Demand {
  const { requests, tokens, cost } = other;
  return {
    requests: Math.min(one.requests, requests),
    tokens: Math.min(one.tokens, tokens),
    cost: Math.min(one.cost, cost),
  };
}

const toLimits = (
  given: { kind: (typeof kinds)[number]; level: typeof team | typeof tag | undefined; maximum: number }[],
) => given.map(({ kind, level, maximum }) => limit(kind[0], kind[1], maximum, level));

describe('MemoryGovernor, whatever happens in whatever order', () => {
  it('admits exactly what fits, names a limit that refuses, and the moment when the call passes', () => {
    fc.assert(
      fc.property(limits, fc.array(step, { maxLength: 80 }), (given, steps) => {
        const pair = new Pair(toLimits(given), false);
        for (const one of steps) pair.do(one);
      }),
      { numRuns: 600 },
    );
  });

  it('never lets a limit be exceeded where calls take what they reserved at most', () => {
    fc.assert(
      fc.property(limits, fc.array(step, { maxLength: 80 }), (given, steps) => {
        const pair = new Pair(toLimits(given), true);
        for (const one of steps) {
          pair.do(one);
          for (const { limit: own, used } of pair.governor.state(pair.bound)) {
            expect(used).toBeLessThanOrEqual(own.maximum);
            expect(used).toBeGreaterThanOrEqual(0);
          }
        }
      }),
      { numRuns: 600 },
    );
  });

  it('gives what is released back without a trace, and its counters are the sums of what was settled', () => {
    fc.assert(
      fc.property(limits, fc.array(step, { maxLength: 80 }), fc.boolean(), (given, steps, isSettled) => {
        const pair = new Pair(toLimits(given), false);
        for (const one of steps) pair.do(one);
        for (const running of pair.running) {
          pair.end(running, isSettled ? { requests: 1, tokens: 3, cost: 5 } : undefined);
        }
        const positive = (sums: ReadonlyMap<string, number>) => [...sums].filter(([, sum]) => sum > 0).sort();
        expect(positive(pair.changes)).toEqual(positive(pair.model.settled));
        for (const { limit: one, used } of pair.governor.state(pair.bound)) {
          if (one.resource === 'concurrent') expect(used).toBe(0);
          if (one.period === 'total') expect(used).toBe(pair.changes.get(`${one.id} 0`) ?? 0);
        }
      }),
      { numRuns: 600 },
    );
  });
});
