import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { CounterChange } from './counter-change.ts';
import type { Grant } from './governor.ts';
import type { Demand } from './limit.ts';
import { MemoryGovernor } from './memory-governor.ts';
import { limit, TestClock, usedOf } from './test-limits.ts';

const day = 86_400_000;
const call = (cost: number, tokens = 0): Demand => ({ requests: 1, tokens, cost });

/** A governor whose clocks and changes a test sees. */
function open() {
  const clock = new TestClock();
  const changes: CounterChange[] = [];
  const governor = new MemoryGovernor({ clock, onSettled: (made) => changes.push(...made) });
  const take = (bound: ReturnType<typeof governor.bind>, demand: Demand): Grant => {
    const admission = governor.admit(bound, demand);
    if (!admission.admitted) throw new Error(`refused by ${admission.refusedBy.limit.id}`);
    return admission.grant;
  };
  return { clock, changes, governor, take };
}

describe('MemoryGovernor', () => {
  it('counts a limit once, however often and wherever it is bound', () => {
    const { governor, take } = open();
    const team = limit('requests', 'minute', 2, { kind: 'team', name: 'research' });
    const [alice, bob] = [governor.bind([team, team]), governor.bind([team])];
    take(alice, call(0));
    take(bob, call(0));
    expect(governor.admit(alice, call(0)).admitted).toBe(false);
    expect(usedOf(governor.state(bob))).toEqual({ 'team:research/requests/minute': 2 });
  });

  it('keeps what was used when a limit gets another number, and what runs goes on', () => {
    const { governor, take } = open();
    const budget = (maximum: number) => governor.bind([limit('cost', 'month', maximum)]);
    const before = budget(100);
    const running = take(before, call(60));
    const lowered = budget(50);
    expect(governor.state(lowered)[0]).toMatchObject({ used: 60, remaining: 0, limit: { maximum: 50 } });
    expect(governor.admit(before, call(1)).admitted).toBe(false);
    running.settle(call(40));
    expect(governor.admit(lowered, call(10)).admitted).toBe(true);
    expect(governor.state(budget(1000))[0]).toMatchObject({ used: 50, remaining: 950 });
  });

  it('books a call in the period in which it began, however late it ends', () => {
    const { governor, clock, changes, take } = open();
    const bound = governor.bind([limit('cost', 'day', 100), limit('cost', 'month', 1000)]);
    const running = take(bound, call(90));
    clock.pass(day);
    expect(usedOf(governor.state(bound))).toEqual({ 'key:alice/cost/day': 0, 'key:alice/cost/month': 90 });
    expect(running.extend(call(10))).toBe(true);
    expect(running.extend(call(1))).toBe(false);
    running.settle(call(70));
    expect(usedOf(governor.state(bound))).toEqual({ 'key:alice/cost/day': 0, 'key:alice/cost/month': 70 });
    expect(changes).toEqual([
      { limitId: 'key:alice/cost/day', periodStart: Date.UTC(2026, 3, 15), used: 70 },
      { limitId: 'key:alice/cost/month', periodStart: Date.UTC(2026, 3, 1), used: 70 },
    ]);
  });

  it('begins days, weeks and months anew at their first moment in UTC', () => {
    const { governor, clock, take } = open();
    const periods = ['day', 'week', 'month', 'total'] as const;
    const bound = governor.bind(periods.map((period) => limit('cost', period, 10)));
    const resets = () => governor.state(bound).map(({ resetMs }) => resetMs && new Date(clock.wall + resetMs).toJSON());
    take(bound, call(1)).settle(call(1));
    const ends = ['2026-04-16T00:00:00.000Z', '2026-04-20T00:00:00.000Z', '2026-05-01T00:00:00.000Z', undefined];
    expect(resets()).toEqual(ends);
    const usedAt = (at: string) => {
      clock.wall = Date.parse(at);
      return Object.values(usedOf(governor.state(bound)));
    };
    expect(usedAt('2026-04-15T23:59:59.999Z')).toEqual([1, 1, 1, 1]);
    expect(usedAt('2026-04-16T00:00:00.000Z')).toEqual([0, 1, 1, 1]);
    expect(usedAt('2026-04-20T00:00:00.000Z')).toEqual([0, 0, 1, 1]);
    expect(usedAt('2026-05-01T00:00:00.000Z')).toEqual([0, 0, 0, 1]);
  });

  it('frees no budget twice when the clock steps to and fro', () => {
    const { governor, clock, take } = open();
    const bound = governor.bind([limit('cost', 'day', 10), limit('cost', 'month', 100)]);
    for (let turn = 0; turn < 20; turn++) {
      for (const step of [0, 40 * day, -40 * day, 3 * day, -3 * day]) {
        clock.wall += step;
        const admission = governor.admit(bound, call(10));
        if (admission.admitted) admission.grant.settle(call(10));
      }
    }
    // Three days were visited, two of them in the same month.
    expect(usedOf(governor.state(bound))).toEqual({ 'key:alice/cost/day': 10, 'key:alice/cost/month': 20 });
    clock.wall += 365 * day;
    take(bound, call(10));
  });

  it('names the first period that has enough left, also where the clock stepped back and the next one is used', () => {
    const { governor, clock, take } = open();
    const bound = governor.bind([limit('cost', 'day', 10)]);
    take(bound, call(5));
    clock.wall -= day;
    take(bound, call(5));
    expect(governor.admit(bound, call(6))).toMatchObject({ admitted: false, retryAfterMs: 1.5 * day });
    clock.pass(day / 2);
    take(bound, call(5));
  });

  it('adds what was used before it began, once for each period', () => {
    const { governor, clock } = open();
    const bound = governor.bind([
      limit('cost', 'day', 10),
      limit('cost', 'total', 100),
      limit('requests', 'minute', 5),
    ]);
    const wanted = governor.unloaded();
    const today = Date.UTC(2026, 3, 15);
    expect(wanted).toEqual([
      { limitId: 'key:alice/cost/day', periodStart: today },
      { limitId: 'key:alice/cost/total', periodStart: 0 },
    ]);
    const found = [{ limitId: 'key:alice/cost/day', periodStart: today, used: 8 }];
    governor.load(wanted, found);
    governor.load(wanted, found);
    expect(governor.unloaded()).toEqual([]);
    expect(governor.admit(bound, call(3))).toMatchObject({ admitted: false, refusedBy: { used: 8 } });
    clock.pass(day);
    expect(governor.unloaded()).toEqual([]);
    clock.wall -= 10 * day;
    expect(governor.unloaded()).toEqual([{ limitId: 'key:alice/cost/day', periodStart: today - 9 * day }]);
  });

  it('says when there is something to load', () => {
    let told = 0;
    const governor = new MemoryGovernor({ onUnloaded: () => told++ });
    governor.bind([limit('requests', 'minute', 1)]);
    expect(told).toBe(0);
    governor.bind([limit('requests', 'minute', 1), limit('cost', 'day', 1)]);
    governor.bind([limit('cost', 'day', 2)]);
    expect(told).toBe(1);
  });

  it('forgets limits that nobody is bound to and of which nothing is used', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const { governor, clock, take } = open();
    const bindMany = () => {
      for (let i = 0; i < 500; i++) governor.bind([limit('requests', 'minute', 1, { kind: 'key', name: `${i}` })]);
    };
    const used = () => take(governor.bind([limit('requests', 'minute', 1)]), call(0)).settle(call(0));
    bindMany();
    used();
    const kept = limit('requests', 'minute', 9, { kind: 'team', name: 'kept' });
    const bound = governor.bind([kept]);
    for (let turn = 0; turn < 200 && governor.size > 10; turn++) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 5));
      governor.bind([kept]);
    }
    expect(governor.size).toBeLessThanOrEqual(10);
    // What is used still counts, as long as it does.
    expect(governor.admit(governor.bind([limit('requests', 'minute', 1)]), call(0)).admitted).toBe(false);
    clock.pass(60_000);
    expect(governor.admit(governor.bind([limit('requests', 'minute', 1)]), call(0)).admitted).toBe(true);
    expect(governor.state(bound)).toHaveLength(1);
  });

  it('names of several limits the one that is free last, and none that has enough', () => {
    const { governor, clock, take } = open();
    const bound = governor.bind([
      limit('requests', 'minute', 1),
      limit('cost', 'day', 1),
      limit('tokens', 'minute', 99),
    ]);
    take(bound, call(1, 50));
    expect(governor.admit(bound, call(1, 60))).toMatchObject({
      refusedBy: { limit: { id: 'key:alice/cost/day' } },
      retryAfterMs: 43_200_000,
    });
    expect(governor.admit(bound, call(0, 100))).toMatchObject({
      refusedBy: { limit: { id: 'key:alice/tokens/minute' } },
      retryAfterMs: undefined,
    });
    expect(governor.admit(bound, call(0))).toMatchObject({
      refusedBy: { limit: { id: 'key:alice/requests/minute' } },
      retryAfterMs: 60_000,
    });
    clock.pass(60_000);
    expect(governor.admit(bound, call(0)).admitted).toBe(true);
  });

  it('counts whole numbers from 0 only, whatever it is told', () => {
    const { governor, take } = open();
    const bound = governor.bind([limit('tokens', 'minute', 100), limit('cost', 'total', 2 ** 52)]);
    const strange = take(bound, call(Number.NaN, -5));
    expect(governor.state(bound).map(({ used }) => used)).toEqual([0, 0]);
    strange.release();
    take(bound, call(1, 20)).settle({ requests: 1, tokens: Number.NaN, cost: -1 });
    expect(governor.state(bound).map(({ used }) => used)).toEqual([20, 1]);
    take(bound, call(0, 0)).settle(call(0.2, 0.5));
    expect(governor.state(bound).map(({ used }) => used)).toEqual([21, 2]);
    take(bound, call(0)).settle(call(Number.POSITIVE_INFINITY, 1e300));
    for (const { used, remaining } of governor.state(bound)) {
      expect(Number.isSafeInteger(used)).toBe(true);
      expect(remaining).toBeGreaterThanOrEqual(0);
    }
    expect(governor.admit(bound, call(0, Number.POSITIVE_INFINITY)).admitted).toBe(false);
    for (const maximum of [-1, 1.5, Number.NaN, 2 ** 53]) {
      expect(() => governor.bind([limit('cost', 'day', maximum)])).toThrow(RangeError);
    }
  });

  it('lets a call that needs nothing of a resource pass, however little is left of it', () => {
    const { governor, take } = open();
    const bound = governor.bind([limit('cost', 'total', 10)]);
    take(bound, call(10)).settle(call(15));
    expect(governor.admit(bound, call(0)).admitted).toBe(true);
    expect(governor.admit(bound, call(1)).admitted).toBe(false);
  });
});
