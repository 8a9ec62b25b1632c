import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CaptureMatcher } from './capture-matcher.ts';

/** Of few letters, so that parts of needles and their pairs are everywhere. */
const text = (minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom('a', 'b', 'é', '0'), minLength, maxLength });

it('finds a text exactly where it stands', () => {
  fc.assert(
    fc.property(fc.array(text(1, 9), { maxLength: 4 }), text(0, 60), (needles, hay) => {
      const found = new CaptureMatcher(needles).finds(Buffer.from(hay));
      expect(found).toBe(needles.some((needle) => hay.includes(needle)));
    }),
    { numRuns: 2000 },
  );
});

it('finds long texts among other bytes, in any place', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ minLength: 8, maxLength: 300 }), { minLength: 1, maxLength: 5 }),
      fc.uint8Array({ maxLength: 400 }),
      fc.uint8Array({ maxLength: 400 }),
      fc.nat(),
      (needles, before, after, n) => {
        const needle = Buffer.from(needles[n % needles.length] as string);
        expect(new CaptureMatcher(needles).finds(Buffer.concat([before, needle, after]))).toBe(true);
        expect(new CaptureMatcher(needles).finds(before)).toBe(
          needles.some((one) => Buffer.from(before).includes(one)),
        );
      },
    ),
  );
});

it('finds nothing where it looks for nothing', () => {
  expect(new CaptureMatcher([]).finds(Buffer.from('anything'))).toBe(false);
});
