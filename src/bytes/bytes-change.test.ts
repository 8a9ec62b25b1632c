import fc from 'fast-check';
import { expect, it } from 'vitest';
import { findChange } from './bytes-change.ts';

/** Of few letters, so that texts have much in common. */
const text = fc.string({ unit: fc.constantFrom('a', 'b', 'é', 'è', '漢', '🎉', '🎈'), maxLength: 12 });

/** In a larger piece of memory, as what comes from a socket is. */
function inMemory(value: string, offset: number): Buffer {
  return Buffer.concat([Buffer.alloc(offset, 'b'), Buffer.from(value), Buffer.from('b')]).subarray(offset, -1);
}

it('makes one text of the other, with whole characters, and says nothing of equal ones', () => {
  fc.assert(
    fc.property(text, text, text, text, fc.nat(7), (start, was, is, end, offset) => {
      const one = inMemory(start + was + end, offset);
      const other = inMemory(start + is + end, 0);
      const change = findChange(one, other);
      const piece = other.subarray(change.at, change.at + change.is);
      const made = Buffer.concat([one.subarray(0, change.at), piece, one.subarray(change.at + change.was)]);
      expect(made.equals(other)).toBe(true);
      expect(change.was).toBeLessThanOrEqual(Buffer.byteLength(was));
      expect(change.is).toBeLessThanOrEqual(Buffer.byteLength(is));
      const removed = one.subarray(change.at, change.at + change.was);
      for (const part of [piece, removed]) expect(Buffer.from(part.toString()).equals(part)).toBe(true);
      expect(change.was + change.is === 0).toBe(one.equals(other));
    }),
    { numRuns: 2000 },
  );
});

it('finds a change in any place of a long text', () => {
  const long = 'abcdefgh'.repeat(8);
  for (let at = 0; at < long.length; at++) {
    const other = `${long.slice(0, at)}-${long.slice(at + 1)}`;
    expect(findChange(Buffer.from(long), Buffer.from(other))).toEqual({ at, was: 1, is: 1 });
    const longer = `${long.slice(0, at)}--${long.slice(at)}`;
    expect(findChange(Buffer.from(long), Buffer.from(longer))).toEqual({ at, was: 0, is: 2 });
  }
});
