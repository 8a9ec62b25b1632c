import { describe, expect, it } from 'vitest';
import type { Ask, Received } from './ask-gateway.ts';
import { closingEvents, eventOf, pieceCount, pinnedUsage } from './good-answer.ts';
import { judge } from './judge.ts';

const ordinals = new Map([
  ['north', 0],
  ['south', 1],
]);
const ask: Ask = { ask: 7, nonce: 'ask-7-t', model: 'm', stream: true, includeUsage: true };
const errorEvent = 'data: {"error":{"message":"cut","type":"upstream_error","param":null,"code":"upstream_error"}}\n\n';
const closing = closingEvents(pinnedUsage(7, 0));

function pieces(upTo: number, from = 1, backend = 'north', nonce = ask.nonce): string {
  const places = Array.from({ length: upTo - from + 1 }, (_, at) => from + at);
  return places.map((place) => eventOf({ content: `<${backend} ${place}/${pieceCount} ${nonce}>` })).join('');
}

function received(text: string, changes: Partial<Received> = {}): Received {
  const headers = { 'x-headrace-backend': 'north' };
  return { status: 200, headers, text, isComplete: true, firstByteMs: 1, totalMs: 2, failure: undefined, ...changes };
}

function verdict(text: string, changes: Partial<Received> = {}): string {
  return judge(ask, received(text, changes), ordinals).kind;
}

describe('the judge of the chaos run', () => {
  it('takes a whole stream, a well-formed break and an error for what they are', () => {
    expect(verdict(pieces(8) + closing)).toBe('whole');
    expect(verdict(`: alive\n\n${pieces(8)}${closing}`)).toBe('whole');
    expect(verdict(pieces(3) + errorEvent)).toBe('broken');
    expect(verdict(errorEvent.slice(6), { status: 502 })).toBe('failed');
  });

  it.each([
    ['a mix of two backends', pieces(4) + pieces(8, 5, 'south') + closing],
    ['the text of another backend than is said', pieces(8, 1, 'south') + closing],
    ['the text of another request', pieces(8, 1, 'north', 'ask-8-t') + closing],
    ['a piece twice', pieces(8) + pieces(8, 8) + closing],
    ['a piece that is missing', pieces(3) + pieces(8, 5) + closing],
    ['an end that is missing without a word', pieces(5) + closing],
    ['no [DONE] and no error', pieces(5)],
    ['[DONE] after an error', `${pieces(5)}${errorEvent}data: [DONE]\n\n`],
    ['text after an error', pieces(5) + errorEvent + pieces(8, 6)],
    ['two endings', `${pieces(8)}${closing}data: [DONE]\n\n`],
    ['an error as the only event', errorEvent],
    ['an event that is cut', `${pieces(5)}data: {"choi`],
    ['the usage of another answer', pieces(8) + closingEvents(pinnedUsage(8, 0))],
    ['no usage though it was asked for', `${pieces(8)}data: [DONE]\n\n`],
  ])('finds %s', (_what, text) => {
    expect(verdict(text)).toBe('wrong');
  });

  it('finds a body that was cut, a head that never came and an error that is none', () => {
    expect(verdict(pieces(8) + closing, { isComplete: false })).toBe('wrong');
    expect(verdict('', { status: 0, failure: 'socket hang up' })).toBe('wrong');
    expect(verdict('{"error":"no"}', { status: 502 })).toBe('wrong');
  });
});
