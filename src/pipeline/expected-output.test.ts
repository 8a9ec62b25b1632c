import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExpectedOutput } from './expected-output.ts';

describe('ExpectedOutput', () => {
  it('knows nothing before the first answer, and then of that caller and that model only', () => {
    const outputs = new ExpectedOutput();
    expect(outputs.expect('alice', 'm')).toBeUndefined();
    outputs.learn('alice', 'm', 100);
    expect(outputs.expect('alice', 'm')).toBe(200);
    expect(outputs.expect('alice', 'other')).toBeUndefined();
    expect(outputs.expect('bob', 'm')).toBeUndefined();
  });

  it('comes close to answers that are all as long, and follows when they become longer', () => {
    const outputs = new ExpectedOutput();
    for (let turn = 0; turn < 50; turn++) outputs.learn('alice', 'm', 100);
    expect(outputs.expect('alice', 'm')).toBeLessThanOrEqual(101);
    for (let turn = 0; turn < 5; turn++) outputs.learn('alice', 'm', 1000);
    expect(outputs.expect('alice', 'm')).toBeGreaterThan(1000);
  });

  it('is enough for most answers, however their lengths are spread', () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 4000 }), { minLength: 300, maxLength: 300 });
    fc.assert(
      fc.property(lengths, (all) => {
        const outputs = new ExpectedOutput();
        let enough = 0;
        for (const [turn, tokens] of all.entries()) {
          if (turn >= 20 && tokens <= (outputs.expect('alice', 'm') ?? 0)) enough++;
          outputs.learn('alice', 'm', tokens);
        }
        expect(enough / 280).toBeGreaterThan(0.8);
      }),
      { numRuns: 50 },
    );
  });

  it('learns nothing from what is no length, and remembers a bounded number', () => {
    const outputs = new ExpectedOutput();
    for (const tokens of [Number.NaN, -1, Number.POSITIVE_INFINITY]) outputs.learn('alice', 'm', tokens);
    expect(outputs.expect('alice', 'm')).toBeUndefined();
    for (let caller = 0; caller < 30_000; caller++) outputs.learn(`${caller}`, 'm', 5);
    expect(outputs.expect('0', 'm')).toBeUndefined();
    expect(outputs.expect('29999', 'm')).toBe(10);
  });
});
