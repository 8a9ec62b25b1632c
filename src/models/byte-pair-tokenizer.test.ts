import fc from 'fast-check';
import * as cl100k from 'gpt-tokenizer/encoding/cl100k_base';
import * as o200k from 'gpt-tokenizer/encoding/o200k_base';
import { beforeAll, describe, expect, it } from 'vitest';
import { BytePairTokenizer } from './byte-pair-tokenizer.ts';
import { runSteps, type Tokenizer } from './tokenizer.ts';

const specialAsText = { disallowedSpecial: new Set<string>() };

/** Runs, words, code, signs of many scripts; without U+FEFF, which the reference drops inside a word. */
const fragment = fc.oneof(
  fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\ufeff', '')),
  fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\ufeff', '')),
  fc.lorem(),
  fc.constantFrom('<|endoftext|>', '<|im_start|>', '<|fim_prefix|>', "it's", "WE'LL", '\r\n', '\n\n  ', '\t\t', '   x'),
  fc.constantFrom(
    'for (const x of y) {\n  z[x] += 1.0e-3; // 漢字\n}',
    'привет, мир',
    '안녕',
    'שלום',
    '👩‍👩‍👧',
    '\ud800',
    '\udc00a',
  ),
  fc
    .tuple(
      fc.constantFrom('a', 'A', '-', ' ', '=', '\n', '漢', '😀', 'é', '\u0301', 'ab', '0', '_', '\u00a0'),
      fc.nat(300),
    )
    .map(([unit, times]) => unit.repeat(times)),
);
const text = fc.array(fragment, { maxLength: 12 }).map((fragments) => fragments.join(''));

describe.each([
  { name: 'o200k_base', reference: o200k },
  { name: 'cl100k_base', reference: cl100k },
] as const)('$name', ({ name, reference }) => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = await BytePairTokenizer.load(name);
  });
  const count = (of: string) => runSteps(tokenizer.count(of));

  it('agrees with the reference on any text', () => {
    fc.assert(
      fc.property(text, (of) => {
        expect(count(of)).toBe(reference.countTokens(of, specialAsText));
      }),
      { numRuns: 500 },
    );
  });

  it('agrees with the reference on long runs that are merged in windows', () => {
    const alphabets = [
      'a',
      'ab',
      'abcdefghijklmnopqrstuvwxyz',
      'ACGTacgt',
      '漢字日本語',
      '😀😃🎉',
      'éaèb',
      '\u0e01\u0e32\u0e23',
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...alphabets),
        fc.infiniteStream(fc.nat()),
        fc.integer({ min: 4000, max: 10_000 }),
        pick,
      ),
      { numRuns: 12 },
    );
    function pick(alphabet: string, choices: Iterator<number>, length: number): void {
      const letters = [...alphabet];
      let of = '';
      while (Buffer.byteLength(of) < length) of += letters[choices.next().value % letters.length];
      expect(count(of)).toBe(reference.countTokens(of, specialAsText));
    }
  });

  it('never counts more tokens than bytes', () => {
    fc.assert(fc.property(text, (of) => count(of) <= Buffer.byteLength(of)));
  });

  it('counts a lone surrogate as U+FFFD', () => {
    expect(count('a\ud800b\udc00')).toBe(count('a\ufffdb\ufffd'));
  });

  it('counts interleaved texts independently of each other', () => {
    const texts = ['x'.repeat(50_000), 'some words '.repeat(5000), '漢'.repeat(20_000)];
    const jobs = texts.map((of) => tokenizer.count(of));
    const counts: (number | undefined)[] = texts.map(() => undefined);
    while (counts.includes(undefined)) {
      for (const [index, job] of jobs.entries()) {
        if (counts[index] !== undefined) continue;
        const step = job.next();
        if (step.done) counts[index] = step.value;
      }
    }
    expect(counts).toEqual(texts.map(count));
  });

  it.each(['a', '-', ' ', '漢', '😀', '\n', 'ACGT'])('takes time linear in a run of %j', (unit) => {
    const short = unit.repeat(50_000);
    const long = unit.repeat(400_000);
    count(short);
    const [first, second] = [fastest(() => count(short)), fastest(() => count(long))];
    // Eight times the bytes; quadratic would be 64 times the time.
    expect(second / first).toBeLessThan(32);
  });

  it('counts a run that is more than the pattern can match', () => {
    const millions = 6_000_000;
    expect(count('漢'.repeat(millions))).toBe((count('漢'.repeat(1000)) * millions) / 1000);
  });
});

function fastest(run: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round++) {
    const start = performance.now();
    run();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}
