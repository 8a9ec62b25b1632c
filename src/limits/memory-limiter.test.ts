import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryLimiter } from './memory-limiter.ts';

const both = (requestsPerMinute: number | undefined, tokensPerMinute?: number) => ({
  requestsPerMinute,
  tokensPerMinute,
});

describe('MemoryLimiter', () => {
  it('admits exactly the limit and says when the next call fits', () => {
    let now = 0;
    const limiter = new MemoryLimiter(() => now);
    expect(limiter.reserve('a', both(2), 0).admitted).toBe(true);
    now = 10_000;
    expect(limiter.reserve('a', both(2), 0).admitted).toBe(true);
    now = 20_000;
    const refused = limiter.reserve('a', both(2), 0);
    expect(refused).toMatchObject({ admitted: false, limit: 'requests', retryAfterMs: 40_000 });
    expect(refused.state.requests).toEqual({ limit: 2, remaining: 0, resetMs: 50_000 });
    now = 59_999;
    expect(limiter.reserve('a', both(2), 0).admitted).toBe(false);
    now = 60_000;
    expect(limiter.reserve('a', both(2), 0).admitted).toBe(true);
    expect(limiter.reserve('b', both(2), 0).admitted).toBe(true);
  });

  it('gives back what was released, and corrects what was settled, once', () => {
    const limiter = new MemoryLimiter(() => 0);
    const first = limiter.reserve('a', both(1, 100), 60);
    if (!first.admitted) throw new Error('refused');
    expect(limiter.reserve('a', both(undefined, 100), 50)).toMatchObject({ admitted: false, limit: 'tokens' });
    first.reservation.settle(10);
    first.reservation.release();
    expect(limiter.reserve('a', both(undefined, 100), 90).admitted).toBe(true);
    const other = limiter.reserve('b', both(1), 0);
    if (!other.admitted) throw new Error('refused');
    other.reservation.release();
    expect(limiter.reserve('b', both(1), 0).admitted).toBe(true);
  });

  it('takes nothing from either rate when one refuses', () => {
    const limiter = new MemoryLimiter(() => 0);
    expect(limiter.reserve('a', both(2, 10), 11).admitted).toBe(false);
    expect(limiter.reserve('a', both(2, 10), 10).state).toMatchObject({
      requests: { remaining: 1 },
      tokens: { remaining: 0 },
    });
  });

  it('never admits more than its limits in any span of a minute, and refuses nothing that fits', () => {
    const step = fc.record({
      wait: fc.integer({ min: 0, max: 30_000 }),
      tokens: fc.integer({ min: 0, max: 60 }),
      end: fc.constantFrom('settle', 'release', 'keep'),
      real: fc.integer({ min: 0, max: 60 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 8 }), (steps, requests) => {
        let now = 0;
        const limiter = new MemoryLimiter(() => now);
        const admitted: { at: number; requests: number; tokens: number }[] = [];
        for (const { wait, tokens, end, real } of steps) {
          now += wait;
          const within = admitted.filter((entry) => now - entry.at < 60_000);
          const used = within.reduce((sum, entry) => sum + entry.requests, 0);
          const usedTokens = within.reduce((sum, entry) => sum + entry.tokens, 0);
          const fits = used + 1 <= requests && usedTokens + tokens <= 100;
          const decision = limiter.reserve('a', both(requests, 100), tokens);
          expect(decision.admitted).toBe(fits);
          if (!decision.admitted) {
            // The wait it names is enough and no longer than needed.
            const at = now + decision.retryAfterMs;
            const left = admitted.filter((entry) => at - entry.at < 60_000);
            expect(left.reduce((sum, entry) => sum + entry.requests, 0) + 1).toBeLessThanOrEqual(requests);
            expect(left.reduce((sum, entry) => sum + entry.tokens, 0) + tokens).toBeLessThanOrEqual(100);
            continue;
          }
          const entry = { at: now, requests: 1, tokens };
          admitted.push(entry);
          if (end === 'settle') {
            decision.reservation.settle(Math.min(real, tokens));
            entry.tokens = Math.min(real, tokens);
          } else if (end === 'release') {
            decision.reservation.release();
            entry.requests = 0;
            entry.tokens = 0;
          }
        }
      }),
    );
  });

  it('lets its memory shrink again after a burst', () => {
    let now = 0;
    const limiter = new MemoryLimiter(() => now);
    for (let i = 0; i < 100_000; i++) limiter.reserve('a', both(1_000_000), 0);
    for (let i = 0; i < 30; i++) {
      now += 60_000;
      expect(limiter.reserve('a', both(1_000_000), 0).state.requests?.remaining).toBe(999_999);
    }
  });
});
