import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonValues, readJson } from './read-json.ts';

describe('readJson', () => {
  it.each([
    ['{"a": 1}', { a: 1 }],
    ['Here: [1, 2] and {"a": 1}.', [1, 2]],
    ['```json\n{"a": [true, null, "}"]}\n```', { a: [true, null, '}'] }],
    ['As said in [see note] and {this}: {"a": "\\"{"} done', { a: '"{' }],
    ['[broken, {"a": 1}]', { a: 1 }],
    ['[1,] {"a":1,} {,} [,1] [01] ["\n"] ["\\x"] {"a" 1} [1 2] {"b":[]}', { b: [] }],
    ['{} {"a":1}', {}],
    ['[[], [{}], 1]', [[], [{}], 1]],
    ['42', 42],
    [' "text" \n', 'text'],
    ['```\ntrue\n```', true],
    ['null', null],
    ['-1.5e3', -1500],
  ])('of %j is %j', (text, value) => {
    expect(readJson(text)).toStrictEqual(value);
  });

  it.each(['', 'no value', 'The answer is 42.', '{', '[1, 2', '{"a": 1', "{'a': 1}", '[1'])('of %j is none', (text) => {
    expect(readJson(text)).toBeUndefined();
  });

  it('reads any value back, in any layout, amid prose and brackets', () => {
    const values = fc.oneof(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()));
    const before = fc.constantFrom('', 'Text: ', '[note] ', '{x} ', '```json\n', '"', '[[', '{"a":', '[1,');
    fc.assert(
      fc.property(values, before, fc.nat({ max: 3 }), (value, prose, indent) => {
        const json = JSON.stringify(value, null, indent);
        expect(readJson(`${prose}${json}\nend ] }`)).toStrictEqual(JSON.parse(json));
      }),
    );
  });

  it('takes for JSON exactly what JSON.parse takes', () => {
    const pieces = fc.constantFrom(
      ...'[]{}:,"-0123.eE+ \n\\tu'.split(''),
      'true',
      'null',
      '"a"',
      '1',
      '"a":1',
      '\\u00e9',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), fc.boolean(), (list, isArray) => {
        const text = isArray ? `[${list.join('')}]` : `{${list.join('')}}`;
        let expected: unknown;
        try {
          expected = JSON.parse(text);
        } catch {
          const whole = [...jsonValues(text)].some((value) => JSON.stringify(value) === text);
          expect(whole).toBe(false);
          return;
        }
        expect([...jsonValues(text)]).toStrictEqual([expected]);
      }),
      { numRuns: 3000 },
    );
  });
});
