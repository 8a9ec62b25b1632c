import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readLimits, writeLimits } from './limit-section.ts';
import { type LimitsFields, limitsSchema } from './schema/limits-section.ts';

const count = fc.option(fc.integer({ min: 1, max: 1_000_000 }), { nil: undefined });
/** To the nano-dollar. */
const dollars = fc.option(
  fc.integer({ min: 0, max: 1_000_000_000_000_000 }).map((nano) => nano / 1e9),
  { nil: undefined },
);
const limits = fc.record({
  requests_per_minute: count,
  tokens_per_minute: count,
  requests_per_day: count,
  tokens_per_day: count,
  max_concurrent: count,
  budget: fc.option(fc.record({ day: dollars, week: dollars, month: dollars, total: dollars }), { nil: undefined }),
  when_spent: fc.constantFrom(undefined, 'refuse' as const, { downgrade_to: 'u:small' }),
});

describe('limits', () => {
  it('are written as they were read', () => {
    fc.assert(
      fc.property(limits, (written) => {
        const plain = withoutNothing(written);
        const fields = limitsSchema.parse(plain);
        expect(writeLimits(readLimits(fields))).toEqual(plain);
      }),
    );
  });

  it('are in nano-dollars, and more than nothing is never nothing', () => {
    expect(readLimits({ budget: { day: 0.1, week: 1e-12, month: 0, total: 1_000_000 } }).budget).toEqual({
      day: 100_000_000,
      week: 1,
      month: 0,
      total: 1e15,
    });
  });

  it('take no budget that is negative, huge or no number', () => {
    for (const day of [-0.01, 1_000_001, Number.NaN, Number.POSITIVE_INFINITY, '5']) {
      expect(limitsSchema.safeParse({ budget: { day } }).success, String(day)).toBe(false);
    }
    for (const requests of [0, -1, 1.5, 2 ** 53, Number.NaN]) {
      expect(limitsSchema.safeParse({ requests_per_minute: requests }).success, String(requests)).toBe(false);
    }
  });
});

/** Without fields that are undefined, and without a budget that says nothing. */
function withoutNothing(written: object): LimitsFields {
  const fields = JSON.parse(JSON.stringify(written));
  if (fields.budget !== undefined && Object.keys(fields.budget).length === 0) delete fields.budget;
  return fields;
}
