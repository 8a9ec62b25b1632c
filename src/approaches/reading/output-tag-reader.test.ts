import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OutputTagReader } from './output-tag-reader.ts';
import { readOutput } from './read-output.ts';

function readPieces(pieces: readonly string[]): string {
  const reader = new OutputTagReader();
  return pieces.map((piece) => reader.push(piece)).join('') + reader.end();
}

const parts = fc.constantFrom(
  ...['<output>', '</output>', '<OUTPUT x="1">', '</Output >', '<output/>', '<out', 'put>', '<', '>', '/', ' ', '\n'],
  ...['<think>', '</think>', '<thinking>', '</thinking>', '<reasoning', ' a>', '</reasoning>', 'text', '</', '😀'],
  `<output ${'x'.repeat(300)}`,
);
const replies = fc.array(fc.oneof(parts, parts, parts, fc.string()), { maxLength: 25 }).map((list) => list.join(''));

describe('readOutput', () => {
  it.each([
    ['<thinking>a</thinking><output>b</output>', 'b'],
    ['<thinking>a</thinking>\n<output>\n b c \n</output>\nd', 'b c'],
    ['<thinking>say <output>no</output></thinking><output>yes</output><output>no</output>', 'yes'],
    ['<think>a</think> no tag', '<think>a</think> no tag'],
    [' whole \n', ' whole \n'],
    ['<output>open to the end\n', 'open to the end'],
    ['<output>cut </outp', 'cut </outp'],
    ['<output>a <output>b</output> c</output> d', 'a <output>b</output> c'],
    ['<output>a<output/>b</output>', 'a<output/>b'],
    ['thinking without its tag </think><output>b</output>', 'b'],
    ['<output>b</output></think><output>c</output>', 'b'],
    ['<thinking>never closed <output>b</output>', '<thinking>never closed <output>b</output>'],
    ['</output><OUTPUT kind="x">b</output>', 'b'],
    ['<output></output>', ''],
  ])('of %j is %j', (text, inside) => {
    expect(readOutput(text)).toBe(inside);
    expect(readPieces([text])).toBe(inside);
    expect(readPieces([...text])).toBe(inside);
  });
});

describe('OutputTagReader', () => {
  it('gives the same as readOutput for any text in any pieces', () => {
    fc.assert(
      fc.property(replies, fc.array(fc.nat({ max: 300 })), (text, cuts) => {
        const places = [0, ...cuts.map((cut) => Math.min(cut, text.length)), text.length].sort((a, b) => a - b);
        const pieces = places.slice(1).map((place, index) => text.slice(places[index], place));
        expect(readPieces(pieces)).toBe(readOutput(text));
        expect(readPieces(text.split(''))).toBe(readOutput(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('gives text out as soon as it is certain, and nothing before the tag or after its end', () => {
    const reader = new OutputTagReader();
    const given = ['<thinking>a</thi', 'nking>b<out', 'put>', ' one', ' two ', 'a < b', ' </', 'b></ou', 'tput>', 'c'];
    const expected = ['', '', '', 'one', ' two', ' a < b', '', ' </b>', '', ''];
    expect(given.map((piece) => reader.push(piece))).toEqual(expected);
    expect([reader.hasBegun, reader.isFinished, reader.end()]).toEqual([true, true, '']);
  });

  it('gives a text without the tag at its end, whole', () => {
    const reader = new OutputTagReader();
    expect([reader.push('no '), reader.push('<outpu'), reader.hasBegun]).toEqual(['', '', false]);
    expect(reader.end()).toBe('no <outpu');
  });
});
