import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Secret } from '../secret.ts';
import { fingerprint, isSame } from './fingerprint.ts';

const leaf = fc.oneof(
  fc.constantFrom(null, true, 0, 1, '', 'a', 'b'),
  fc.constantFrom('a', 'b').map((text) => new Secret(text)),
  fc.constantFrom('a', 'b').map((text) => new RegExp(text)),
);
/** Parts of configurations, of few values, so that two of them are often equal. */
const part = fc.letrec((tie) => ({
  list: fc.array(tie('any'), { maxLength: 2 }),
  fields: fc.dictionary(fc.constantFrom('a', 'b'), tie('any'), { maxKeys: 2 }),
  map: fc.array(fc.tuple(fc.constantFrom('a', 'b'), tie('any')), { maxLength: 2 }).map((entries) => new Map(entries)),
  set: fc.uniqueArray(fc.constantFrom('a', 'b'), { maxLength: 2 }).map((items) => new Set(items)),
  any: fc.oneof({ maxDepth: 3 }, leaf, tie('list'), tie('fields'), tie('map'), tie('set')),
})).fields;

it('parts are the same exactly where their fingerprints are', () => {
  fc.assert(
    fc.property(part, part, (one, other) => {
      expect(isSame(one, { ...one })).toBe(true);
      expect(isSame(one, other)).toBe(fingerprint(one) === fingerprint(other));
    }),
    { numRuns: 5000 },
  );
});

it('a field that is undefined is as good as none, and another secret, pattern or order is another part', () => {
  expect(isSame({ a: 1, b: undefined }, { a: 1 })).toBe(true);
  expect(isSame({ a: new Secret('one') }, { a: new Secret('other') })).toBe(false);
  expect(isSame({ a: new Secret('one') }, { a: '[secret]' })).toBe(false);
  expect(isSame(new Map([['a', /x/]]), new Map([['a', /x/i]]))).toBe(false);
  expect(isSame({ a: 1, b: 2 }, { b: 2, a: 1 })).toBe(false);
  expect(isSame(new Map([['a', 1]]), new Map())).toBe(false);
});
