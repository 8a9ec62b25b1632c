import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HedgeAllowance } from './hedge-allowance.ts';

test('never gives more than its share of the calls, and one', () => {
  const events = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 400 })), { maxLength: 60 });
  fc.assert(
    fc.property(events, fc.double({ min: 0.001, max: 3, noNaN: true }), (all, maxExtra) => {
      const allowance = new HedgeAllowance(maxExtra);
      const log: { calls: number; taken: number }[] = [];
      let calls = 0;
      let taken = 0;
      for (const [isCall, times] of all) {
        for (let i = 0; i < times; i++) {
          if (isCall) calls++;
          if (isCall) allowance.called();
          else if (allowance.take()) taken++;
        }
        expect(taken).toBeLessThanOrEqual(maxExtra * calls + 1 + 1e-9);
        log.push({ calls, taken });
        // However much was saved up before: over any span it is the share of its calls and of 1,000 more.
        for (const before of log) {
          const share = maxExtra * (calls - before.calls + 1000) + 1;
          expect(taken - before.taken).toBeLessThanOrEqual(share + 1e-9);
        }
      }
    }),
    { numRuns: 200 },
  );
});

test('gives all of its share where it is wanted', () => {
  const allowance = new HedgeAllowance(0.05);
  let taken = 0;
  for (let i = 0; i < 10_000; i++) {
    allowance.called();
    if (allowance.take()) taken++;
  }
  expect(taken).toBe(501);
});

test('a quiet time saves up no more than the share of 1,000 calls', () => {
  const allowance = new HedgeAllowance(0.05);
  for (let i = 0; i < 1_000_000; i++) allowance.called();
  let taken = 0;
  while (allowance.take()) taken++;
  expect(taken).toBe(51);
  for (let i = 0; i < 20; i++) allowance.called();
  expect(allowance.take()).toBe(true);
  expect(allowance.take()).toBe(false);
});

test('none is none', () => {
  const allowance = new HedgeAllowance(0);
  allowance.called();
  expect(allowance.take()).toBe(false);
});
