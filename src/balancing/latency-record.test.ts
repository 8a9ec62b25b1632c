import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LatencyRecord } from './latency-record.ts';

test('says nothing before there is anything', () => {
  const record = new LatencyRecord(() => 0);
  expect(record.mean).toBeUndefined();
  for (let i = 0; i < 19; i++) record.add(5);
  expect(record.mean).toBe(5);
  expect(record.p95).toBeUndefined();
  record.add(5);
  expect(record.p95).toBe(5);
});

test('the mean halves the weight of a time by every ten seconds', () => {
  let now = 0;
  const record = new LatencyRecord(() => now);
  record.add(100);
  now = 10_000;
  record.add(400);
  expect(record.mean).toBeCloseTo((100 * 0.5 + 400) / 1.5);
  now = 30_000;
  record.add(1000);
  expect(record.mean).toBeCloseTo((100 * 0.125 + 400 * 0.25 + 1000) / 1.375);
  now = 1e12; // long after all weights have come to nothing
  record.add(7);
  expect(record.mean).toBe(7);
});

test('p95 is the nearest rank of the last 128', () => {
  const times = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 20, maxLength: 300, size: 'max' });
  fc.assert(
    fc.property(times, (all) => {
      const record = new LatencyRecord(() => 0);
      for (const time of all) record.add(time);
      const recent = all.slice(-128).toSorted((one, other) => one - other);
      expect(record.p95).toBe(recent[Math.ceil(recent.length * 0.95) - 1]);
      record.add(2e6); // what was computed before is not kept
      const later = [...all, 2e6].slice(-128).toSorted((one, other) => one - other);
      expect(record.p95).toBe(later[Math.ceil(later.length * 0.95) - 1]);
    }),
  );
});
