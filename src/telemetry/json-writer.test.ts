import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hundredths, isoTime } from './capture-time.ts';
import { JsonWriter } from './json-writer.ts';

/** Texts with much to escape in them, of which a few are longer than what is escaped at a time. */
const pieces = fc.constantFrom(
  '"',
  '\\',
  '\n',
  '\u0000',
  '\u001f',
  '\u007f',
  'é',
  '漢',
  '🎉',
  '\u2028',
  'plain words ',
);
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.toWellFormed()),
  fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join('')),
  fc.tuple(pieces, fc.integer({ min: 8000, max: 20_000 })).map(([piece, count]) => piece.repeat(count)),
);

const noRoom = { memory: Buffer.alloc(0), used: 0 };

it('escapes bytes as JSON does, wherever they stand in memory and however many lines were before', () => {
  const writer = new JsonWriter();
  const room = fc.tuple(fc.nat(70_000), fc.nat(200));
  fc.assert(
    fc.property(anyText, anyText, fc.nat(7), room, (one, two, offset, [size, used]) => {
      const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(one)]).subarray(offset);
      const memory = Buffer.alloc(used + size, '.');
      writer.begin({ memory, used });
      writer.text('{"é":"');
      writer.escaped(bytes);
      writer.text('","b":"');
      writer.escaped(Buffer.from(two));
      writer.text('"}');
      const line = writer.end().toString();
      expect(line).toBe(`{"é":${JSON.stringify(one)},"b":${JSON.stringify(two)}}`);
      expect(memory.toString('latin1', 0, used)).toBe('.'.repeat(used));
    }),
  );
});

it('finds every byte that has to be escaped, next to every other one', () => {
  const writer = new JsonWriter();
  for (let first = 0; first < 128; first++) {
    const text = Array.from({ length: 128 }, (_, second) => String.fromCharCode(first, second)).join('');
    for (const shifted of [text, `-${text}`, `--${text}`, `---${text}`]) {
      writer.begin(noRoom);
      writer.escaped(Buffer.from(shifted));
      expect(`"${writer.end()}"`).toBe(JSON.stringify(shifted));
    }
  }
});

it('keeps a line of many megabytes whole', () => {
  const writer = new JsonWriter();
  const text = '\u0001'.repeat(1024 * 1024);
  writer.begin(noRoom);
  for (let i = 0; i < 4; i++) writer.escaped(Buffer.from(text));
  expect(writer.end().equals(Buffer.from('\\u0001'.repeat(4 * 1024 * 1024)))).toBe(true);
  writer.begin(noRoom);
  writer.text('short');
  expect(writer.end().toString()).toBe('short');
});

it('writes times as they are', () => {
  fc.assert(
    fc.property(fc.double({ min: -10, max: 1e9, noNaN: true }), (time) => {
      expect(Number(hundredths(time))).toBeCloseTo(Math.round(time * 100) / 100, 6);
      expect(hundredths(time)).toMatch(/^-?\d+(\.\d{1,2})?$/);
    }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e10 }), (time) => {
      expect(isoTime(time)).toBe(new Date(Math.floor(performance.timeOrigin + time)).toISOString());
    }),
  );
});
