import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RawJson } from './raw-json.ts';

const json = (value: string) => new RawJson(Buffer.from(value));
const text = (value: RawJson | undefined) => value?.bytes.toString();

it('finds the very bytes of fields and elements', () => {
  const value = json(' { "a" : [ 1.0 ,"]}\\"", {"b":{}} , [] ,null] , "a\\u0062":-1e400,"":""} ');
  expect(value.field('a')?.elements().map(text)).toEqual(['1.0', '"]}\\""', '{"b":{}}', '[]', 'null']);
  expect(text(value.field('ab'))).toBe('-1e400');
  expect(text(value.field(''))).toBe('""');
  expect(value.field('b')).toBeUndefined();
});

it('finds a value however deep it is nested', () => {
  const deep = `${'[{"a":'.repeat(2000)}1${'}]'.repeat(2000)}`;
  expect(text(json(`{"deep":${deep}}`).field('deep'))).toBe(deep);
});

it('takes the last one of two fields of the same name, as JSON.parse does', () => {
  expect(text(json('{"a":1,"b":2,"\\u0061":3}').field('a'))).toBe('3');
});

it('finds what JSON.parse finds, in any object, however it is laid out', () => {
  const spaces = fc.constantFrom('', ' ', '\t', '  ');
  const objects = fc.dictionary(fc.string(), fc.jsonValue({ noUnicodeString: false }));
  fc.assert(
    fc.property(objects, spaces, (object, space) => {
      const place = json(JSON.stringify(object, undefined, space));
      for (const [key, value] of Object.entries(JSON.parse(JSON.stringify(object)))) {
        const found = place.field(key);
        expect(JSON.parse(text(found) ?? '')).toEqual(value);
        if (Array.isArray(value)) expect(found?.elements().map((one) => JSON.parse(text(one) ?? ''))).toEqual(value);
      }
    }),
  );
});
