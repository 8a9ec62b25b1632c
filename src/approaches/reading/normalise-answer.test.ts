import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normaliseAnswer, sameAnswer } from './normalise-answer.ts';

/** Letters, digits and the characters that normalising takes off or looks at. */
const characters = fc.constantFrom(
  ...'ab1 230.,:;!?$*_"\'`()[]{}\\/-+%−“”\n\tÀẞİ½ﬁΣ'.split(''),
  '\\text{',
  '\\frac{',
  '\\(',
  '\\)',
);
const messy = fc.array(characters, { maxLength: 14 }).map((list) => list.join(''));
const decimals = fc.tuple(fc.integer({ min: -999_999, max: 999_999 }), fc.integer({ min: 0, max: 5 }));

describe('normaliseAnswer', () => {
  it.each([
    ['  Forty \n two. ', 'forty two'],
    ['“Paris”', 'paris'],
    ['**Paris**!', 'paris'],
    ['__Paris__', 'paris'],
    ['_x', '_x'],
    ['ＡＢ', 'ab'],
    ['(B)', 'b'],
    ['b)', 'b'],
    ['**(b)**.', 'b'],
    ['f(x)', 'f(x)'],
    ['(1, 2)', '(1, 2)'],
    ['1,000', '1000'],
    ['1000.0', '1000'],
    ['007', '7'],
    ['+5', '5'],
    ['−5.', '-5'],
    ['-0.0', '0'],
    ['.50', '0.5'],
    ['1/2', '0.5'],
    ['-2/6', '-1/3'],
    ['2/-4', '-0.5'],
    ['0/7', '0'],
    ['0.1/0.3', '1/3'],
    ['\\frac{1}{2}', '0.5'],
    ['-\\dfrac{1}{3}', '-1/3'],
    ['$1{,}000$', '1000'],
    ['\\(42\\)', '42'],
    ['\\text{Paris}', 'paris'],
    ['1/0', '1/0'],
    ['42%', '42%'],
    ['5 cm', '5 cm'],
    ['1,00', '1,00'],
    ['...', ''],
  ])('of %j is %j', (text, normalised) => {
    expect(normaliseAnswer(text)).toBe(normalised);
  });

  it('is the same when done twice', () => {
    fc.assert(
      fc.property(fc.oneof(messy, fc.string({ unit: 'binary' })), (text) => {
        const once = normaliseAnswer(text);
        expect(normaliseAnswer(once)).toBe(once);
      }),
      { numRuns: 5000 },
    );
  });

  it('does not mind white space, emphasis, quotes and case', () => {
    const answers = fc.oneof(
      fc.stringMatching(/^[a-z0-9][a-z0-9 ]{0,10}$/),
      decimals.map(([n, d]) => `${n}/${d + 1}`),
    );
    const around = fc.constantFrom('*', '**', '_', '__', '`', '"', "'", '$', ' ', '\n');
    fc.assert(
      fc.property(answers, fc.array(around, { maxLength: 5 }), fc.constantFrom('', '.', '!'), (answer, list, end) => {
        const wrapped = list.join('') + answer.toUpperCase().replaceAll(' ', ' \n ') + end + list.toReversed().join('');
        expect(normaliseAnswer(wrapped)).toBe(normaliseAnswer(answer));
      }),
    );
  });
});

describe('sameAnswer', () => {
  it('compares decimals and fractions by their exact value', () => {
    const scaled = ([value, places]: [number, number]) => BigInt(value) * 10n ** BigInt(5 - places);
    const written = ([value, places]: [number, number]) => (value / 10 ** places).toFixed(places);
    fc.assert(
      fc.property(decimals, decimals, fc.integer({ min: 1, max: 60 }), (a, b, factor) => {
        expect(sameAnswer(written(a), written(b))).toBe(scaled(a) === scaled(b));
        expect(sameAnswer(written(a), `${BigInt(a[0]) * BigInt(factor)}/${10n ** BigInt(a[1]) * BigInt(factor)}`)).toBe(
          true,
        );
        expect(sameAnswer(`${a[0]}/${factor}`, `${b[0]}/${factor + 1}`)).toBe(a[0] * (factor + 1) === b[0] * factor);
      }),
    );
  });

  it('keeps numbers apart that floating point does not', () => {
    expect(sameAnswer('9007199254740993', '9007199254740992')).toBe(false);
    expect(sameAnswer('0.1', '0.1000000000000000055511151231257827')).toBe(false);
    expect(sameAnswer('1/3', '0.3333333333333333')).toBe(false);
    expect(sameAnswer(`1${'0'.repeat(400)}`, `1${'0'.repeat(400)}.0`)).toBe(true);
  });
});
