import fc from 'fast-check';
import { expect, it } from 'vitest';
import { HeaderWriter, listHeaders, objectHeaders, pairHeaders } from './capture-headers.ts';
import { JsonWriter } from './json-writer.ts';

const noRoom = { memory: Buffer.alloc(0), used: 0 };

/** What a header writer writes, as a text; it remembers from call to call. */
function startWriting() {
  const writer = new JsonWriter();
  const headers = new HeaderWriter(writer);
  return (write: (headers: HeaderWriter) => void): string => {
    writer.begin(noRoom);
    write(headers);
    return writer.end().toString();
  };
}

const names = ['Date', 'x-one', 'x-two', 'Authorization', 'x-own', 'content-type'];
const value = fc.constantFrom('a', 'b', 'é "quoted"', 'x'.repeat(300));
/** Lists that have most in common with each other, so that what is remembered is used, in runs of every length. */
const list = fc.array(fc.tuple(fc.nat(5), value), { maxLength: 6 }).map((changes) => {
  const values = names.map(() => 'a');
  for (const [at, text] of changes) values[at] = text;
  return names.slice(changes.length === 6 ? 2 : 0).map((name, at) => [name, values[at] ?? 'a'] as const);
});
const hidden = [new Set<string>(), new Set(['x-own'])];

function shown(headers: readonly (readonly [string, string])[], more: ReadonlySet<string>) {
  const isHidden = (name: string) => name === 'Authorization' || more.has(name);
  return Object.fromEntries(
    headers.map(([name, text]) => [name.toLowerCase(), isHidden(name) ? '[secret]' : text] as const),
  );
}

it('writes headers as they are, whatever was written before them', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(list, fc.nat(1), fc.nat(3)), { maxLength: 30 }), (lines) => {
      const write = startWriting();
      for (const [headers, which, masks] of lines) {
        const more = hidden[which] as Set<string>;
        const mask = masks > 0 ? undefined : { text: (text: string) => text.replaceAll('b', '*'), spans: () => [] };
        const written = JSON.parse(write((writer) => listHeaders(headers.flat(), more, writer, mask)));
        const plain = shown(headers, more);
        expect(written).toEqual(
          mask === undefined
            ? plain
            : shown(
                headers.map(([name, text]) => [name, mask.text(text)]),
                more,
              ),
        );
      }
    }),
    { numRuns: 500 },
  );
});

it('writes the three shapes of headers in the same way', () => {
  const headers = [['x-one', 'a'] as const, ['x-two', 'b'] as const];
  const expected = '{"x-one":"a","x-two":"b"}';
  const written = (write: (headers: HeaderWriter) => void) => startWriting()(write);
  expect(written((writer) => objectHeaders(Object.fromEntries(headers), writer, undefined))).toBe(expected);
  expect(written((writer) => pairHeaders(headers, writer, undefined))).toBe(expected);
  expect(written((writer) => listHeaders(headers.flat(), new Set(), writer, undefined))).toBe(expected);
  const several = { 'x-one': ['a', 'b'], none: undefined };
  expect(written((writer) => objectHeaders(several, writer, undefined))).toBe('{"x-one":"a, b"}');
});

it('writes more headers than it remembers', () => {
  const write = startWriting();
  for (const last of ['a', 'b', 'b', 'a']) {
    const many = Array.from({ length: 200 }, (_, at) => [`x-${at}`, at % 7 === 0 ? last : 'same'] as const);
    expect(JSON.parse(write((writer) => pairHeaders(many, writer, undefined)))).toEqual(Object.fromEntries(many));
  }
});
