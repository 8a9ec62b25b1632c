import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countInWindows, type RangeMerger } from './merge-windows.ts';
import { runSteps } from './tokenizer.ts';

/** Byte-pair merging in its plainest form, by whatever ranks of joined texts. */
class PlainMerger implements RangeMerger {
  readonly #text: string;
  readonly #ranks: ReadonlyMap<string, number>;
  #parts: string[] = [];
  /** How often the beginning was merged: more than once when the windows had to be made larger. */
  beginnings = 0;

  constructor(text: string, ranks: ReadonlyMap<string, number>) {
    this.#text = text;
    this.#ranks = ranks;
  }

  merge(start: number, end: number): void {
    if (start === 0) this.beginnings++;
    this.#parts = [...this.#text.slice(start, end)];
    for (;;) {
      let best = { rank: Number.POSITIVE_INFINITY, index: -1 };
      for (let index = 0; index + 1 < this.#parts.length; index++) {
        const rank = this.#ranks.get(`${this.#parts[index]}${this.#parts[index + 1]}`);
        if (rank !== undefined && rank < best.rank) best = { rank, index };
      }
      if (best.index < 0) return;
      this.#parts.splice(best.index, 2, `${this.#parts[best.index]}${this.#parts[best.index + 1]}`);
    }
  }

  get parts(): number {
    return this.#parts.length;
  }

  endOf(index: number): number {
    let end = 0;
    for (const part of this.#parts) {
      end += part.length;
      if (end > index) break;
    }
    return end;
  }

  tokensOf(): number {
    return 1;
  }
}

const vocabulary = fc
  .uniqueArray(fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 2, maxLength: 7 }), { maxLength: 40 })
  .map((words) => new Map(words.map((word, rank) => [word, rank])));
const text = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 120 });

describe('countInWindows', () => {
  it('gives the count of the whole, with any vocabulary and windows that are too small', () => {
    let repeated = 0;
    fc.assert(
      fc.property(vocabulary, text, fc.integer({ min: 1, max: 8 }), (ranks, of, margin) => {
        const whole = new PlainMerger(of, ranks);
        whole.merge(0, of.length);
        const windows = new PlainMerger(of, ranks);
        expect(runSteps(countInWindows(of.length, windows, 2 * margin + 2, margin))).toBe(whole.parts);
        if (windows.beginnings > 1) repeated++;
      }),
      { numRuns: 3000 },
    );
    expect(repeated).toBeGreaterThan(10);
  });
});
