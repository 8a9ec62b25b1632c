import fc from 'fast-check';
import { expect, test } from 'vitest';
import { noApproach } from '../config/approaches-config.ts';
import { plainPolicy as plain } from '../config/route-config.ts';
import { describeShorterTimes, longestTry, shorterPolicy } from './shorter-times.ts';

const milliseconds = fc.integer({ min: 1, max: 86_400_000 });

test('no time becomes longer, a try is at most as long as asked, and a second try has time exactly where it had', () => {
  const times = fc.tuple(fc.option(milliseconds, { nil: undefined }), milliseconds, milliseconds, milliseconds);
  fc.assert(
    fc.property(times, fc.integer({ min: 300, max: 1000 }), ([firstOutputMs, timeoutMs, totalMs, gapMs], longest) => {
      const short = shorterPolicy({ ...plain, firstOutputMs, gapMs, totalMs, maxRetryMs: totalMs }, timeoutMs, longest);
      const tryMs = Math.min(timeoutMs, firstOutputMs ?? timeoutMs);
      const shortTryMs = Math.min(timeoutMs, longest, short.firstOutputMs ?? timeoutMs);
      expect(short.firstOutputMs ?? 0).toBeLessThanOrEqual(Math.min(firstOutputMs ?? 0, longest));
      expect(short.gapMs).toBe(Math.min(gapMs, longest));
      expect(short.totalMs).toBeLessThanOrEqual(totalMs);
      expect(short.totalMs).toBeGreaterThan(0);
      expect((short.totalMs ?? 0) > shortTryMs).toBe(totalMs > tryMs);
      expect(short.maxRetryMs).toBe(short.totalMs);
    }),
  );
});

test('what is short already stays as it is', () => {
  const policy = { ...plain, firstOutputMs: 200, gapMs: 100, totalMs: 5000, hedge: { after: 90, maxExtra: 0.5 } };
  expect(shorterPolicy(policy, 600_000, 500)).toEqual(policy);
});

test('a hedge comes as early in a try as it did', () => {
  const hedged = (after: 'p95' | number) => ({ ...plain, hedge: { after, maxExtra: 0.05 } });
  expect(shorterPolicy(hedged(2000), 10_000, 500).hedge).toEqual({ after: 100, maxExtra: 0.05 });
  expect(shorterPolicy(hedged('p95'), 10_000, 500)).toEqual(hedged('p95'));
});

test('a try takes half of the time of the fault, within bounds', () => {
  expect([0.3, 3, 60].map(longestTry)).toEqual([300, 500, 1000]);
});

test('nothing is said where nothing is shorter', () => {
  const route = { name: 'r', ...noApproach, tiers: [], policy: { ...plain, totalMs: 1000 }, place: '' };
  expect(describeShorterTimes([], [route], 500)).toEqual([]);
});
