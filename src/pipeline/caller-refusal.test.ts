import { describe, expect, it } from 'vitest';
import { limit } from '../limits/test-limits.ts';
import { callerRefusal, type Refusal } from './caller-refusal.ts';

function refused(by: ReturnType<typeof limit>, used: number, more: Partial<Refusal> = {}): Refusal {
  const remaining = Math.max(0, by.maximum - used);
  const refusedBy = { limit: by, used, remaining, resetMs: undefined, scope: 'shared' as const };
  return { admitted: false, refusedBy, retryAfterMs: 1500, ...more };
}

describe('callerRefusal', () => {
  it('says of a budget for ever that it does not begin anew', () => {
    const error = callerRefusal(refused(limit('cost', 'total', 2_000_000_000), 1_999_999_000), 5000, []);
    expect(error.code).toBe('budget_exceeded');
    expect(error.message).toBe(
      'the budget of $2.00 in total of key "alice" has too little left: $2.00 are used or reserved, $0.0000010 are left, and this request may cost $0.0000050; it does not begin anew',
    );
    expect(error.detail).toMatchObject({ details: { period: 'total', resets_at: null, needed: 5000 } });
    expect(error.retryAfterMs).toBeUndefined();
  });

  it('is a 503 that says so where the store that decides is gone', () => {
    const unavailable = 'the limits cannot be checked: the store is gone';
    const error = callerRefusal(refused(limit('requests', 'minute', 2), 2, { unavailable }), 1, []);
    expect([error.status, error.code, error.message]).toEqual([503, 'backend_unavailable', unavailable]);
  });

  it('tells of places and of days', () => {
    const places = callerRefusal(refused(limit('concurrent', undefined, 2), 2), 1, []);
    expect(places.message).toContain('the limit of 2 requests at a time of key "alice"');
    expect(places.retryAfterMs).toBe(1500);
    const team = { kind: 'team', name: 'a "b"' } as const;
    const tokens = callerRefusal(refused(limit('tokens', 'day', 100, team), 90), 20, []);
    expect(tokens.message).toContain('the limit of 100 tokens per day of team "a "b""');
    expect(tokens.message).toContain(
      '90 are used or reserved, 10 are left, and this request needs 20; try again in 2s',
    );
  });
});
