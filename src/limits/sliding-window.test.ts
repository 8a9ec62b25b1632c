import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SlidingWindow, windowMs } from './sliding-window.ts';

interface Piece {
  readonly at: number;
  tokens: number;
}

const lateMs = 16;

/** What calls count for that came less than so long ago. */
function tokensWithin(pieces: readonly Piece[], now: number, spanMs: number): number {
  return pieces.reduce((sum, { at, tokens }) => sum + (now - at < spanMs ? tokens : 0), 0);
}

const burst = fc.record({
  calls: fc.integer({ min: 1, max: 3000 }),
  /** Between one call and the next; a crowd comes where it is small. */
  gapMs: fc.constantFrom(0, 0.01, 0.5, 3, 17, 40),
  tokens: fc.integer({ min: 0, max: 9 }),
  /** Every how many calls one of those before is changed. */
  changed: fc.integer({ min: 1, max: 7 }),
  by: fc.integer({ min: -9, max: 9 }),
  pauseMs: fc.constantFrom(0, 5, 1000, 30_000, windowMs - 1, windowMs, windowMs + lateMs),
});

it('in a crowd calls leave late by 16 ms at most, never early, and the entries stay few', () => {
  fc.assert(
    fc.property(fc.array(burst, { maxLength: 8 }), (bursts) => {
      const window = new SlidingWindow();
      const pieces: Piece[] = [];
      const calls: { number: number; piece: Piece }[] = [];
      let now = 0;
      for (const { calls: count, gapMs, tokens, changed, by, pauseMs } of bursts) {
        for (let call = 0; call < count; call++) {
          now += gapMs;
          window.expire(now);
          const piece = { at: now, tokens };
          pieces.push(piece);
          calls.push({ number: window.add(now, tokens), piece });
          const other = call % changed === 0 ? calls[(call * 31) % calls.length] : undefined;
          if (other === undefined || now - other.piece.at >= windowMs) continue;
          const change = Math.max(by, -other.piece.tokens);
          other.number = window.shift(now, other.number, change);
          other.piece.tokens += change;
        }
        now += pauseMs;
        window.expire(now);
        expect(window.tokens).toBeGreaterThanOrEqual(tokensWithin(pieces, now, windowMs));
        expect(window.tokens).toBeLessThanOrEqual(tokensWithin(pieces, now, windowMs + lateMs));
        expect(window.entries).toBeLessThan(4096 + windowMs / lateMs + 2);
      }
      window.expire(now + windowMs + lateMs);
      expect([window.tokens, window.requests, window.entries]).toEqual([0, 0, 0]);
    }),
    { numRuns: 60 },
  );
});

it('holds few entries, whatever the rate, and gives its room back', () => {
  const window = new SlidingWindow();
  for (let call = 0; call < 600_000; call++) {
    window.expire(call / 10);
    window.add(call / 10, 1);
  }
  expect(window.tokens).toBe(600_000);
  expect(window.entries).toBeLessThan(8000);
  expect(window.timeToFree(windowMs, 0, 1)).toBeLessThanOrEqual(lateMs);
  window.expire(2 * windowMs + lateMs);
  expect(window.entries).toBe(0);
});

it('what a call takes after it has left counts from then on, by itself', () => {
  const window = new SlidingWindow();
  for (let call = 0; call < 5000; call++) window.add(0, 1);
  const late = window.shift(windowMs, 0, 7);
  expect(window.tokens).toBe(7);
  window.add(windowMs, 3);
  window.shift(windowMs, late, -9); // no more than what it has put in
  expect(window.tokens).toBe(3);
});
