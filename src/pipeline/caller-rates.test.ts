import { describe, expect, it } from 'vitest';
import { MemoryGovernor } from '../limits/memory-governor.ts';
import { limit, TestClock } from '../limits/test-limits.ts';
import { callerRates, tightestRates } from './caller-rates.ts';

const team = { kind: 'team', name: 'research' } as const;

describe('the rates in the headers', () => {
  it('are those with the least left, of requests and of tokens, a minute or a day', () => {
    const clock = new TestClock();
    const governor = new MemoryGovernor({ clock });
    const bound = governor.bind([
      limit('requests', 'minute', 10),
      limit('requests', 'day', 5),
      limit('requests', 'minute', 7, team),
      limit('tokens', 'minute', 100),
      limit('tokens', 'day', 100, team),
      limit('cost', 'day', 1),
      limit('concurrent', undefined, 1),
    ]);
    governor.admit(bound, { requests: 1, tokens: 30, cost: 0 });
    clock.pass(10_000);
    expect(callerRates(governor.state(bound))).toEqual({
      requests: { limit: 5, remaining: 4, resetMs: 43_190_000 },
      tokens: { limit: 100, remaining: 70, resetMs: 43_190_000 },
    });
  });

  it('are none where there is no such limit, and of caller and model the tighter ones', () => {
    expect(callerRates([])).toEqual({ requests: undefined, tokens: undefined });
    const gauge = (remaining: number, resetMs = 0) => ({ limit: 10, remaining, resetMs });
    const one = { requests: gauge(3), tokens: undefined };
    const other = { requests: gauge(2), tokens: gauge(5) };
    expect(tightestRates(one, other)).toEqual({ requests: gauge(2), tokens: gauge(5) });
    expect(tightestRates({ requests: gauge(2, 9), tokens: undefined }, other)?.requests).toEqual(gauge(2, 9));
    expect(tightestRates(undefined, other)).toBe(other);
    expect(tightestRates(undefined, undefined)).toBeUndefined();
  });
});
