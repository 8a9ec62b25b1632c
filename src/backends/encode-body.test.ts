import { describe, expect, it } from 'vitest';
import { chatCompletions } from '../protocols/chat-completions.ts';
import { parseCall } from '../protocols/parse-call.ts';
import { encodeBody } from './encode-body.ts';

function encode(text: string, model: string, defaults: readonly (readonly [string, string])[] = []): string {
  const input = {
    id: 'i',
    body: Buffer.from(text),
    forwardHeaders: [],
    signal: new AbortController().signal,
    receivedAt: 0,
  };
  const call = parseCall(chatCompletions, input);
  return encodeBody(
    { ...call, promptTokens: undefined, askedOutputTokens: undefined, choices: 1, defaults },
    model,
  ).toString();
}

describe('encodeBody', () => {
  it('changes the value of the top-level model and no other byte', () => {
    const text =
      ' {"messages" : [ {"model":"inner","n":1.0} ],\r\n "mod\\u0065l":\t"a:b" , "seed":12345678901234567890, "é":"\\u00e9" }\n';
    expect(encode(text, 'b"x')).toBe(text.replace('"a:b"', '"b\\"x"'));
  });

  it('gives the very same bytes where nothing is to change', () => {
    const text = '{"model":"m","messages":[]}';
    expect(encode(text, 'm')).toBe(text);
  });

  it('adds the model where there is none, and replaces null', () => {
    expect(encode('{"messages":[] }', 'm')).toBe('{"messages":[],"model":"m" }');
    expect(encode('{"messages":[],"model":null}', 'm')).toBe('{"messages":[],"model":"m"}');
  });

  it('adds defaults behind the last field', () => {
    expect(
      encode('{"model":"m","messages":[]\n}', 'm', [
        ['temperature', '0.3'],
        ['stop', '["x"]'],
      ]),
    ).toBe('{"model":"m","messages":[],"temperature":0.3,"stop":["x"]\n}');
  });

  it.each([
    [
      '{"model":"m","messages":[],"stream":true}',
      '{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true}}',
    ],
    [
      '{"stream":true,"stream_options":{},"messages":[],"model":"m"}',
      '{"stream":true,"stream_options":{"include_usage":true},"messages":[],"model":"m"}',
    ],
    [
      '{"stream":true,"stream_options":{"x": 1 },"messages":[],"model":"m"}',
      '{"stream":true,"stream_options":{"x": 1 ,"include_usage":true},"messages":[],"model":"m"}',
    ],
    [
      '{"stream":true,"stream_options":{"include_usage":false},"messages":[],"model":"m"}',
      '{"stream":true,"stream_options":{"include_usage":true},"messages":[],"model":"m"}',
    ],
    [
      '{"stream":true,"stream_options":null,"messages":[],"model":"m"}',
      '{"stream":true,"stream_options":{"include_usage":true},"messages":[],"model":"m"}',
    ],
    [
      '{"stream":true,"stream_options":{"include_usage":true},"messages":[],"model":"m"}',
      '{"stream":true,"stream_options":{"include_usage":true},"messages":[],"model":"m"}',
    ],
  ])('asks for the usage of a stream: %s', (sent, expected) => {
    expect(encode(sent, 'm')).toBe(expected);
  });
});
