import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { NotationName } from './placeholder-form.ts';
import { Placeholders } from './placeholders.ts';

/** Texts full of data, of placeholders, and of what nearly is either. */
const anyText = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.emailAddress(),
      fc.ipV4(),
      fc.ipV6(),
      fc.constantFrom(
        '<EMAIL_1>',
        '<EMAIL_2>',
        '<IP_1>',
        '<PHONE_1>',
        '<TEXT_1>',
        '<KEY_10>',
        '<EMAIL_01>',
        '<EMAIL_0>',
      ),
      fc.constantFrom('a@b.co', '10.0.0.1', '+49 151 12345678', '4111 1111 1111 1111', 'DE89370400440532013000'),
      fc.constantFrom(
        '<',
        '>',
        '<EMAIL',
        '_1>',
        '\\',
        '"',
        '\\u003c',
        '\\u003e',
        '\\u003cEMAIL_1\\u003e',
        '<EMAIL_1234567890>',
      ),
      fc.constantFrom(
        '-----BEGIN PRIVATE KEY-----\nab"c\n-----END PRIVATE KEY-----',
        '\n',
        ' ',
        '1',
        '+1 212 555 0123',
      ),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

/** The text in pieces that end anywhere. */
const pieces = (text: string, cuts: readonly number[]) => {
  const places = [0, ...cuts.map((cut) => cut % (text.length + 1)), text.length].sort((left, right) => left - right);
  return places.slice(1).map((end, index) => text.slice(places[index], end));
};

const stream = (placeholders: Placeholders, parts: readonly string[], notation: NotationName) => {
  const restorer = placeholders.restorer(notation);
  return parts.map((part) => restorer.push(part)).join('') + restorer.end();
};

describe('placeholders', () => {
  test('are the same for the same value in all texts of a request', () => {
    const placeholders = new Placeholders();
    expect(placeholders.hide('a@b.co and c@d.co, a@b.co')).toBe('<EMAIL_1> and <EMAIL_2>, <EMAIL_1>');
    expect(placeholders.hide('c@d.co 10.0.0.1')).toBe('<EMAIL_2> <IP_1>');
    expect(placeholders.size).toBe(3);
    expect(placeholders.restore('Ask <EMAIL_2>, not <EMAIL_1> or <EMAIL_3>')).toBe(
      'Ask c@d.co, not a@b.co or <EMAIL_3>',
    );
  });

  test('of the user’s own survive, and their names are not given to anything', () => {
    const placeholders = new Placeholders();
    expect(placeholders.hide('write <EMAIL_1> for a@b.co')).toBe('write <EMAIL_1> for <EMAIL_2>');
    expect(placeholders.restore('<EMAIL_1> is <EMAIL_2>')).toBe('<EMAIL_1> is a@b.co');
  });

  test('of the user’s own that come too late are hidden themselves', () => {
    const placeholders = new Placeholders();
    expect(placeholders.hide('a@b.co')).toBe('<EMAIL_1>');
    expect(placeholders.hide('literally <EMAIL_1>')).toBe('literally <TEXT_1>');
    expect(placeholders.restore('<TEXT_1> is <EMAIL_1>')).toBe('<EMAIL_1> is a@b.co');
  });

  test('reserved before survive', () => {
    const placeholders = new Placeholders();
    placeholders.reserve('literally <EMAIL_1>');
    expect(placeholders.hide('a@b.co')).toBe('<EMAIL_2>');
    expect(placeholders.hide('literally <EMAIL_1>')).toBe('literally <EMAIL_1>');
  });

  test('never show what they stand for', () => {
    const placeholders = new Placeholders();
    placeholders.hide('a@canary.example');
    const restorer = placeholders.restorer();
    for (const shown of [inspect(placeholders, { depth: 9 }), JSON.stringify(placeholders), String(placeholders)])
      expect(shown).not.toContain('canary');
    expect(inspect(restorer, { depth: 9, showHidden: true })).not.toContain('canary');
  });
});

test('what was hidden comes back, for any texts of one request', () => {
  fc.assert(
    fc.property(fc.array(anyText, { maxLength: 4 }), fc.boolean(), (texts, reserved) => {
      const placeholders = new Placeholders();
      if (reserved) for (const text of texts) placeholders.reserve(text);
      const hidden = texts.map((text) => placeholders.hide(text));
      expect(hidden.map((text) => placeholders.restore(text))).toEqual(texts);
      expect(texts.map((text) => placeholders.hide(text)).map((text) => placeholders.restore(text))).toEqual(texts);
    }),
    { numRuns: 500 },
  );
});

test('what was reserved is shown as it is', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const own = [...text.matchAll(/<(?:EMAIL|IP|PHONE|TEXT|KEY)_[1-9]\d*>/g)].map((match) => match[0]);
      const hidden = new Placeholders([]).hide(text);
      expect(hidden).toBe(text);
      const shown = new Placeholders().hide(own.join(' '));
      expect(shown).toBe(own.join(' '));
    }),
  );
});

describe('a stream', () => {
  test.each<NotationName>(['text', 'json'])('gives the same however it is cut (%s)', (notation) => {
    fc.assert(
      fc.property(anyText, anyText, fc.array(fc.nat(), { maxLength: 8 }), (text, other, cuts) => {
        const placeholders = new Placeholders();
        const answer = placeholders.hide(text) + other;
        const whole = notation === 'json' ? placeholders.restoreJson(answer) : placeholders.restore(answer);
        expect(stream(placeholders, pieces(answer, cuts), notation)).toBe(whole);
        expect(stream(placeholders, [...answer], notation)).toBe(whole);
      }),
      { numRuns: 500 },
    );
  });

  test('holds back only what may become a placeholder', () => {
    const placeholders = new Placeholders();
    placeholders.hide('a@b.co');
    const restorer = placeholders.restorer();
    expect(
      ['1 < 2', ' <', 'EM', 'AIL', '_', '1', '> <EM', 'U> <b', '>', '<EMAIL_1'].map((part) => restorer.push(part)),
    ).toEqual(['1 < 2', ' ', '', '', '', '', 'a@b.co ', '<EMU> <b', '>', '']);
    expect(restorer.end()).toBe('<EMAIL_1');
    expect(restorer.end()).toBe('');
  });

  test('holds back no more than a placeholder’s length', () => {
    const placeholders = new Placeholders();
    placeholders.hide('a@b.co');
    for (const notation of ['text', 'json'] as const) {
      fc.assert(
        fc.property(anyText, (text) => {
          const restorer = placeholders.restorer(notation);
          for (const character of text) restorer.push(character);
          expect(restorer.end().length).toBeLessThan(28);
        }),
      );
    }
  });

  test('of single characters takes no noticeable time', () => {
    const placeholders = new Placeholders();
    placeholders.hide('a@b.co');
    const begin = performance.now();
    for (const piece of ['<', '<EMAIL_1', '<EMAIL_1>', '\\', '\\u003c', '<E']) {
      const text = piece.repeat(Math.ceil(300_000 / piece.length));
      for (const notation of ['text', 'json'] as const) stream(placeholders, [...text], notation);
      for (const notation of ['text', 'json'] as const) stream(placeholders, [text], notation);
    }
    expect(performance.now() - begin).toBeLessThan(20_000);
  });
});

describe('JSON in a text', () => {
  const key = '-----BEGIN PRIVATE KEY-----\nab"c\\\n-----END PRIVATE KEY-----';

  test('is hidden string by string, and the rest stays as it is written', () => {
    const placeholders = new Placeholders();
    const written = '{ "to":"x\\na@b.co",  "n":1.0, "big":12345678901234567890, "e":"\\u0041","a@b.co":[null] }';
    const hidden = '{ "to":"x\\n<EMAIL_1>",  "n":1.0, "big":12345678901234567890, "e":"\\u0041","<EMAIL_1>":[null] }';
    expect(placeholders.hideJson(written)).toBe(hidden);
    expect(placeholders.restoreJson(hidden)).toBe(written);
  });

  test('gets its values back escaped, also where the brackets are', () => {
    const placeholders = new Placeholders();
    placeholders.hide(key);
    expect(JSON.parse(placeholders.restoreJson('{"key":"<KEY_1>"}'))).toEqual({ key });
    expect(JSON.parse(placeholders.restoreJson('{"key":"\\u003cKEY_1\\u003E"}'))).toEqual({ key });
    expect(JSON.parse(placeholders.restoreJson('{"key":"\\\\<KEY_1>"}'))).toEqual({ key: `\\${key}` });
    expect(placeholders.restoreJson('{"key":"\\\\u003cKEY_1>"}')).toBe('{"key":"\\\\u003cKEY_1>"}');
    expect(placeholders.restoreJson('{"key":"\\\\u003cKEY_1\\\\u003e"}')).toBe('{"key":"\\\\u003cKEY_1\\\\u003e"}');
  });

  test('that is none is hidden as text', () => {
    expect(new Placeholders().hideJson('{"to":"a@b.co')).toBe('{"to":"<EMAIL_1>');
  });

  test('means the same after it came back, in any pieces and with any escapes', () => {
    const json = fc.jsonValue().chain((value) => anyText.map((text) => ({ value, [text]: [text, { text }] })));
    fc.assert(
      fc.property(json, fc.boolean(), fc.array(fc.nat(), { maxLength: 8 }), (value, escaped, cuts) => {
        const placeholders = new Placeholders();
        const hidden = placeholders.hideJson(JSON.stringify(value));
        const sent = escaped ? hidden.replaceAll('<', '\\u003c').replaceAll('>', '\\u003e') : hidden;
        const back = stream(placeholders, pieces(sent, cuts), 'json');
        expect(JSON.parse(back)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 500 },
    );
  });
});
