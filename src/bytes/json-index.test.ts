import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonIndex } from './json-index.ts';
import { JsonSyntaxError } from './json-scanner.ts';
import { applySplices } from './splice.ts';

const read = (text: string) => JsonIndex.read(Buffer.from(text));

/** White space between the tokens of compact JSON, put in by `choose`, never inside strings. */
function respace(text: string, choose: () => string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|[{}[\],:]/g, (token) => choose() + token + choose());
}

describe('JsonIndex', () => {
  it('finds each top-level field where it stands', () => {
    const text = ' { "model" : "a\\"b" , "n":[1,{"model":2}],\n"x":{} } ';
    const index = read(text);
    expect(index.fields.map((field) => [field.key, text.slice(field.start, field.end)])).toEqual([
      ['model', '"a\\"b"'],
      ['n', '[1,{"model":2}]'],
      ['x', '{}'],
    ]);
    expect(index.get('model')).toBe('a"b');
    expect(index.get('absent')).toBeUndefined();
    expect(text[index.close]).toBe('}');
  });

  it('names a key that stands there twice, however it is escaped', () => {
    expect(read('{"model":1,"mod\\u0065l":2}').duplicate).toBe('model');
    expect(read('{"a":{"b":1},"b":1}').duplicate).toBeUndefined();
  });

  it('agrees with JSON.parse on any document', () => {
    const space = fc.constantFrom('', '', ' ', '\n', '\t', '\r\n');
    const document = fc.tuple(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), fc.infiniteStream(space));
    fc.assert(
      fc.property(document, ([value, spaces]) => {
        const text = respace(JSON.stringify(value), () => spaces.next().value as string);
        const index = read(text);
        const parsed = JSON.parse(text) as Record<string, unknown>;
        expect(index.fields.map((field) => field.key).sort()).toEqual(Object.keys(parsed).sort());
        for (const field of index.fields) expect(index.get(field.key)).toEqual(parsed[field.key]);
      }),
      { numRuns: 500 },
    );
  });

  it('accepts and refuses exactly what JSON.parse does, for documents with bytes changed', () => {
    const change = fc.tuple(fc.nat(), fc.constantFrom(...'{}[]:,"\\u0eE+-.1t \n\u0001ntrufalse'.split('')), fc.nat(2));
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.array(change, { maxLength: 3 }), (value, changes) => {
        let text = JSON.stringify(value);
        for (const [where, what, cut] of changes) {
          const at = where % (text.length + 1);
          text = text.slice(0, at) + what + text.slice(at + cut);
        }
        let parsed: unknown;
        try {
          parsed = JSON.parse(text);
        } catch {
          expect(() => read(text)).toThrow(JsonSyntaxError);
          return;
        }
        if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) read(text);
        else expect(() => read(text)).toThrow(JsonSyntaxError);
      }),
      { numRuns: 3000 },
    );
  });

  it.each([
    '{"a":"\\x"}',
    '{"a":"\\u12g4"}',
    '{"a":"\u0001"}',
    '{"a":01}',
    '{"a":1.}',
    '{"a":-}',
    '{"a":[1,]}',
    '{"a":1,}',
    '{,}',
    '{"a":tru}',
    '{"a":1}x',
    '{"a":1',
    '{"a',
    '[]',
    '1',
    '',
    '{"a":"b}',
  ])('refuses %j', (text) => {
    expect(() => read(text)).toThrow(JsonSyntaxError);
  });

  it('refuses what is nested too deep, without a deep stack', () => {
    expect(() => read(`{"a":${'['.repeat(10_000)}`)).toThrow(/nested deeper than 512/);
    expect(() => read(`{"a":${'['.repeat(500)}${']'.repeat(500)}}`)).not.toThrow();
  });

  it('takes bytes that do not start at an even place of their memory', () => {
    for (let shift = 0; shift < 8; shift++) {
      for (let size = 0; size < 9; size++) {
        const memory = Buffer.alloc(64);
        const text = `{"k":"${'x'.repeat(size)}\u0007"}`;
        memory.write(text, shift);
        expect(() => JsonIndex.read(memory.subarray(shift, shift + text.length))).toThrow(/control character/);
      }
    }
  });
});

describe('applySplices', () => {
  it('changes only what it is told to', () => {
    const bytes = Buffer.from('{"model":"a","é":1}');
    const index = JsonIndex.read(bytes);
    const model = index.find('model');
    if (!model) throw new Error('no model');
    const result = applySplices(bytes, [
      { start: model.start, end: model.end, text: '"ü"' },
      { start: index.close, end: index.close, text: ',"n":2' },
    ]);
    expect(result.toString()).toBe('{"model":"ü","é":1,"n":2}');
  });
});
