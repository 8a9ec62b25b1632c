import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { mostPromising } from './upper-confidence.ts';

const node = (visits: number, mean: number) => ({ visits, total: visits * mean });

it('weighs the mean against how rarely a child was visited', () => {
  const [good, rare] = [node(9, 0.9), node(1, 0.5)];
  expect(mostPromising(node(10, 0), [rare, good], 0)).toBe(good);
  // 0.9 + 0.1 * sqrt(ln 10 / 9) = 0.95 and 0.5 + 0.1 * sqrt(ln 10) = 0.65
  expect(mostPromising(node(10, 0), [rare, good], 0.1)).toBe(good);
  // 0.9 + 0.41 * 0.5058 = 1.107 and 0.5 + 0.41 * 1.5174 = 1.122
  expect(mostPromising(node(10, 0), [good, rare], 0.41)).toBe(rare);
  // 0.9 + 0.38 * 0.5058 = 1.092 and 0.5 + 0.38 * 1.5174 = 1.077
  expect(mostPromising(node(10, 0), [good, rare], 0.38)).toBe(good);
});

it('takes the first of equal ones, and one that was never visited before all others', () => {
  const [one, other, never] = [node(2, 0.5), node(2, 0.5), node(0, 0)];
  expect(mostPromising(node(4, 0), [one, other], 1.4)).toBe(one);
  expect(mostPromising(node(4, 0), [one, never], 0)).toBe(never);
});

it('always gives one of the children', () => {
  const child = fc.record({ visits: fc.nat(50), total: fc.double({ min: 0, max: 50, noNaN: true }) });
  fc.assert(
    fc.property(fc.nat(100), fc.array(child, { minLength: 1 }), (visits, children) => {
      expect(children).toContain(mostPromising({ visits, total: 0 }, children, 1.4));
    }),
  );
});
