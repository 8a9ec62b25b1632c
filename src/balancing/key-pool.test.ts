import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PoolKey } from '../config/backend-config.ts';
import { Secret } from '../secret.ts';
import type { Quota } from '../types/quota.ts';
import { KeyPool } from './key-pool.ts';

const day = 24 * 60 * 60 * 1000;

function keyOf(variable: string, weight = 1, secret = `secret of ${variable}`): PoolKey {
  const credential = { kind: 'key', header: 'authorization', prefix: 'Bearer ', source: variable, variable } as const;
  return {
    credential: { ...credential, secret: new Secret(secret) },
    weight,
    requestsPerMinute: undefined,
    tokensPerMinute: undefined,
  };
}

function quota(said: Partial<Quota>): Quota {
  const nothing = { remainingRequests: undefined, remainingTokens: undefined };
  return { ...nothing, requestsResetMs: undefined, tokensResetMs: undefined, ...said };
}

/** A pool with a clock of the test's own. */
function poolOf(...keys: readonly PoolKey[]) {
  const clock = { now: 1000.25 };
  return { clock, pool: new KeyPool(keys, () => clock.now, 'b') };
}

function three() {
  return poolOf(keyOf('A'), keyOf('B'), keyOf('C'));
}

describe('KeyPool with one key', () => {
  it('gives it always, as the same object, as long as nothing is known', () => {
    const { pool } = poolOf(keyOf('A'));
    pool.sent(0, 'm', 5);
    expect(pool.choose('m', 7, 5)).toEqual({ usable: [0] });
    expect(pool.choose('n', 0, 5)).toBe(pool.choose('m', 7, 5));
  });

  it('gives it also when it was refused, but not while it cools down', () => {
    const { pool, clock } = poolOf(keyOf('A'));
    pool.refused(0);
    expect(pool.choose('m', 7, 5)).toEqual({ usable: [0] });
    pool.limited(0, 'm', 2000);
    expect(pool.choose('m', 7, 5)).toEqual({ usable: undefined, waitMs: 2000 });
    expect(pool.choose('other', 7, 5)).toEqual({ usable: [0] });
    clock.now += 1500;
    expect(pool.choose('m', 7, 5)).toEqual({ usable: undefined, waitMs: 500 });
    clock.now += 500;
    expect(pool.choose('m', 7, 5)).toEqual({ usable: [0] });
  });
});

describe('KeyPool', () => {
  it('puts refused keys last for a minute, or until they are taken', () => {
    const { pool, clock } = three();
    const order = pool.choose('m', 7, 0).usable ?? [];
    const [best = 0, ...others] = order;
    pool.refused(best);
    expect(pool.choose('m', 7, 0).usable).toEqual([...others, best]);
    clock.now += 59_999;
    expect(pool.choose('m', 7, 0).usable).toEqual([...others, best]);
    clock.now += 1;
    expect(pool.choose('m', 7, 0).usable).toEqual(order);
    for (const key of order) pool.refused(key);
    expect(pool.choose('m', 7, 0).usable).toEqual(order);
    pool.accepted(others[0] as number);
    expect(pool.choose('m', 7, 0).usable?.[0]).toBe(others[0]);
  });

  it('lets a key rest for one model as long as the backend says, but never longer than a day', () => {
    const { pool, clock } = three();
    for (const [key, waitMs] of [1500, 700, Number.POSITIVE_INFINITY].entries()) pool.limited(key, 'm', waitMs);
    expect(pool.choose('m', 7, 0)).toEqual({ usable: undefined, waitMs: 700 });
    expect(pool.choose('n', 7, 0).usable).toHaveLength(3);
    pool.limited(0, 'm', 10); // of a request that was sent before
    clock.now += 700;
    expect(pool.choose('m', 7, 0).usable).toEqual([1]);
    clock.now += day;
    expect(pool.choose('m', 7, 0).usable).toHaveLength(3);
  });

  it('holds back a key before the 429, by what is left and when it is full again', () => {
    const { pool, clock } = poolOf(keyOf('A'));
    pool.observed(0, 'm', quota({ remainingRequests: 2, requestsResetMs: 6000, remainingTokens: 100 }));
    expect(pool.choose('m', 0, 101).usable).toEqual([0]); // nothing says until when
    pool.observed(0, 'm', quota({ remainingTokens: 100, tokensResetMs: 9000 }));
    expect(pool.choose('m', 0, 100).usable).toEqual([0]);
    expect(pool.choose('m', 0, 101)).toEqual({ usable: undefined, waitMs: 9000 });
    pool.sent(0, 'm', 60);
    expect(pool.choose('m', 0, 41)).toEqual({ usable: undefined, waitMs: 9000 });
    pool.sent(0, 'm', 40);
    expect(pool.choose('m', 0, 0)).toEqual({ usable: undefined, waitMs: 9000 });
    pool.observed(0, 'm', quota({ remainingTokens: 50 }));
    expect(pool.choose('m', 0, 40)).toEqual({ usable: undefined, waitMs: 6000 }); // both requests are sent
    clock.now += 6000;
    expect(pool.choose('m', 0, 40).usable).toEqual([0]);
    clock.now += 3000;
    expect(pool.choose('m', 0, 1_000_000).usable).toEqual([0]);
  });

  it('says which rates a key has, and what they belong to', () => {
    const rated = { ...keyOf('A'), requestsPerMinute: 5 };
    const pool = new KeyPool([rated, keyOf('B'), keyOf('B')], undefined, 'openai');
    expect(pool.rates(0)).toMatchObject({ requestsPerMinute: 5, tokensPerMinute: undefined });
    expect(pool.rates(1)).toBeUndefined();
    expect([0, 1, 2].map((key) => pool.subject(key))).toEqual(['key openai A', 'key openai B', 'key openai B 2']);
  });

  it('knows a bounded number of models of a key, and forgets the oldest', () => {
    const { pool } = poolOf(keyOf('A'));
    for (let i = 0; i < 1000; i++) pool.limited(0, `m${i}`, 60_000);
    pool.limited(0, 'm0', 60_000);
    pool.limited(0, 'one more', 60_000);
    const free = ['m0', 'm1', 'm2', 'one more'].map((model) => pool.choose(model, 0, 0).usable !== undefined);
    expect(free).toEqual([false, true, false, false]);
  });
});

describe('KeyPool over a reload', () => {
  it('keeps what is known of keys that stayed, wherever they stand, and starts anew with others', () => {
    const { pool } = three();
    pool.limited(0, 'm', 1000);
    pool.limited(1, 'm', 2000);
    const next = pool.reconfigured([keyOf('B'), keyOf('A', 1, 'another secret'), keyOf('D')]);
    expect(next.choose('m', 0, 0).usable?.toSorted()).toEqual([1, 2]);
    pool.limited(2, 'm', 3000); // by a call that still runs on the old configuration
    pool.refused(1);
    expect(next.choose('n', 0, 0).usable?.at(-1)).toBe(0);
    expect(next.reconfigured([keyOf('B')]).choose('m', 0, 0)).toEqual({ usable: undefined, waitMs: 2000 });
  });

  it('keeps a conversation with its key, when others come, or its secret is another', () => {
    const { pool } = three();
    const more = pool.reconfigured([keyOf('Z'), keyOf('A', 1, 'new'), keyOf('B', 1, 'new'), keyOf('C')]);
    let moved = 0;
    for (let affinity = 1; affinity <= 1000; affinity++) {
      const key = pool.choose('m', affinity, 0).usable?.[0] as number;
      const later = more.choose('m', affinity, 0).usable?.[0];
      if (later === 0) moved++;
      else expect(later).toBe(key + 1);
    }
    expect(moved).toBeGreaterThan(180);
    expect(moved).toBeLessThan(320);
  });
});

describe('the shares of keys', () => {
  const weights = [1, 2, 5];

  it.each(['conversations', 'calls of no conversation'])('of %s are as their weights say', (kind) => {
    const affinityOf = (index: number) => (kind === 'conversations' ? index + 1 : 0);
    const { pool } = poolOf(...weights.map((weight, index) => keyOf(`KEY_${index}`, weight)));
    const counts = [0, 0, 0];
    for (let i = 0; i < 20_000; i++) {
      const key = pool.choose('m', affinityOf(i), 0).usable?.[0] as number;
      counts[key] = (counts[key] ?? 0) + 1;
    }
    for (const [key, weight] of weights.entries()) {
      expect(Math.abs((counts[key] as number) / 20_000 - weight / 8)).toBeLessThan(0.02);
    }
  });
});

describe('any course of events', () => {
  const model = fc.constantFrom('m', 'n');
  const key = fc.integer({ min: 0, max: 2 });
  const span = fc.oneof(fc.integer({ min: -1, max: 5000 }), fc.double(), fc.constant(2 * day));
  const left = fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined });
  const event = fc.oneof(
    fc.record({ what: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 5000 }) }),
    fc.record({ what: fc.constant('sent' as const), key, model, tokens: fc.integer({ min: 0, max: 10 }) }),
    fc.record({ what: fc.constant('limited' as const), key, model, ms: span }),
    fc.record({ what: fc.constantFrom('refused' as const, 'accepted' as const), key }),
    fc.record({ what: fc.constant('observed' as const), key, model, requests: left, tokens: left, ms: span }),
  );
  type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;

  function apply(pool: KeyPool, clock: { now: number }, one: Event): void {
    if (one.what === 'pass') clock.now += one.ms + 0.3;
    else if (one.what === 'sent') pool.sent(one.key, one.model, one.tokens);
    else if (one.what === 'limited') pool.limited(one.key, one.model, one.ms);
    else if (one.what === 'observed') {
      const { requests: remainingRequests, tokens: remainingTokens, ms } = one;
      pool.observed(one.key, one.model, { remainingRequests, remainingTokens, requestsResetMs: ms, tokensResetMs: ms });
    } else pool[one.what](one.key);
  }

  it('never brings a key that cools down, and no key stays away for ever', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const { pool, clock } = three();
        const cooling = new Map<string, number>();
        for (const one of events) {
          if (one.what === 'limited') {
            const until = clock.now + Math.min(day, Math.max(0, one.ms || 0));
            const name = `${one.key} ${one.model}`;
            cooling.set(name, Math.max(until, cooling.get(name) ?? 0));
          }
          apply(pool, clock, one);
          for (const model of ['m', 'n']) {
            const choice = pool.choose(model, 5, 3);
            for (const key of choice.usable ?? []) {
              expect(cooling.get(`${key} ${model}`) ?? 0).toBeLessThanOrEqual(clock.now);
            }
            if (choice.usable === undefined) expect(choice.waitMs).toBeGreaterThan(0);
          }
        }
        clock.now += day;
        for (const model of ['m', 'n']) expect(pool.choose(model, 5, 3).usable?.toSorted()).toEqual([0, 1, 2]);
      }),
    );
  });

  it('names the soonest moment at which a key is free, neither sooner nor later', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), fc.integer({ min: 1, max: 3 }), (events, size) => {
        const { pool, clock } = poolOf(...['A', 'B', 'C'].slice(0, size).map((name) => keyOf(name)));
        for (let key = 0; key < size; key++) pool.limited(key, 'm', 20_000 + key);
        for (const one of events) apply(pool, clock, one);
        const choice = pool.choose('m', 5, 3);
        if (choice.usable !== undefined) return;
        clock.now += choice.waitMs - 1.01;
        if (choice.waitMs > 2) expect(pool.choose('m', 5, 3).usable).toBeUndefined();
        clock.now += 1.01;
        expect(pool.choose('m', 5, 3).usable).toBeDefined();
      }),
    );
  });

  it('leaves a conversation with its first key whenever that may be used, and only the others move', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), fc.integer({ min: 1, max: 2 ** 32 - 1 }), (events, affinity) => {
        const { pool, clock } = three();
        const order = pool.choose('m', affinity, 3).usable ?? [];
        const refusals = [0, 0, 0];
        for (const one of events) {
          apply(pool, clock, one);
          if (one.what === 'refused') refusals[one.key] = clock.now + 60_000;
          if (one.what === 'accepted') refusals[one.key] = 0;
          const { usable = [] } = pool.choose('m', affinity, 3);
          const isHealthy = (index: number) => (refusals[index] as number) <= clock.now;
          const there = order.filter((index) => usable.includes(index));
          expect(usable).toEqual([...there.filter(isHealthy), ...there.filter((index) => !isHealthy(index))]);
        }
      }),
    );
  });
});
