import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RepetitionConfig } from '../../config/brake-settings.ts';
import { RepetitionWatch } from './repetition-watch.ts';

const rule: RepetitionConfig = { unit: 200, repeats: 40, characters: 8000 };
/** What it may take beyond the rule until it is seen: it looks once in so many characters. */
const delay = 3 * 1024;

/** How many characters were given when it fired; undefined: it did not. */
function firesAt(pieces: Iterable<string>, how: RepetitionConfig = rule): number | undefined {
  const watch = new RepetitionWatch(how);
  let given = 0;
  for (const piece of pieces) {
    given += piece.length;
    if (watch.push(piece)) return given;
  }
  return undefined;
}

function* cut(text: string, lengths: readonly number[]): Iterable<string> {
  for (let at = 0, turn = 0; at < text.length; turn++) {
    const length = lengths[turn % lengths.length] as number;
    yield text.slice(at, at + length);
    at += length;
  }
}

const pieceLengths = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 20 });
const unit = fc.string({ minLength: 1, maxLength: 200, unit: 'binary' }).filter((text) => text.length <= 200);

describe('the watch for repetition', () => {
  it('fires on whatever is repeated, soon after the rule holds, however it is cut', () => {
    fc.assert(
      fc.property(unit, fc.string({ maxLength: 5000 }), pieceLengths, (repeated, before, lengths) => {
        const most = Math.max(rule.characters, rule.repeats * repeated.length);
        const text = before + repeated.repeat(Math.ceil((most + delay) / repeated.length));
        const at = firesAt(cut(text, lengths));
        expect(at).toBeDefined();
        expect(at as number).toBeGreaterThanOrEqual(rule.characters);
      }),
      { numRuns: 200 },
    );
  });

  it('never fires on a repetition that is shorter than the rule says', () => {
    const times = fc.integer({ min: 1, max: 39 });
    const around = fc.string({ maxLength: 2000 });
    fc.assert(
      fc.property(unit, times, around, pieceLengths, (repeated, count, other, lengths) => {
        // A mark that stands nowhere else keeps one repetition from becoming the next.
        const part = `${other.replaceAll('\uE000', '')}${repeated.replaceAll('\uE000', '').repeat(count)}`;
        const text = Array.from({ length: 10 }, (_, turn) => `${part}\uE000${turn}`).join('');
        fc.pre(text.length > rule.characters && part.length > 250);
        expect(firesAt(cut(text, lengths))).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  it('never fires on random text', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 500, maxLength: 3000, size: 'max' }), { minLength: 10 }),
        (pieces) => {
          const text = pieces.map((piece, at) => `${at}${piece}`);
          expect(firesAt(text)).toBeUndefined();
        },
      ),
      { numRuns: 50 },
    );
  });

  it('leaves lists, tables and code alone whose lines are alike but not the same', () => {
    const list = Array.from({ length: 2000 }, (_, at) => `| ${at} | 0 | 0 | 0 | false |\n`);
    const zeros = Array.from({ length: 300 }, () => '[0, 0, 0, 0],\n').join('');
    const code = Array.from({ length: 800 }, (_, at) => `  case ${at}:\n    return handle(${at});\n`);
    expect(firesAt([...list, zeros, ...code])).toBeUndefined();
  });

  it('begins anew where the repetition ends', () => {
    const almost = 'again and '.repeat(790);
    expect(firesAt([almost, 'but not ', almost, 'and not ', almost])).toBeUndefined();
    expect(firesAt([almost, 'but not ', 'again and '.repeat(1200)])).toBeDefined();
  });

  it('asks for as many repeats as the rule says, also of short units', () => {
    const rules = { unit: 1, repeats: 20_000, characters: 2000 };
    expect(firesAt(['\n'.repeat(19_000)], rules)).toBeUndefined();
    expect(firesAt(['\n'.repeat(22_000)], rules)).toBeDefined();
    expect(firesAt(['ab'.repeat(60_000)], rules)).toBeUndefined();
  });
});
