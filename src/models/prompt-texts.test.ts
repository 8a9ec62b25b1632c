import { describe, expect, it } from 'vitest';
import { promptTexts } from './prompt-texts.ts';

function chat(body: unknown) {
  const { entries, uncounted } = promptTexts(
    'chat',
    Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  );
  return { ...entries[0], uncounted };
}

describe('promptTexts of a chat', () => {
  it('takes role, content and name of each message', () => {
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', name: 'ann', content: 'Hi' },
    ];
    expect(chat({ model: 'm', messages, metadata: { note: 'not read' } })).toEqual({
      fixed: 3 + 3 + 3 + 1,
      texts: ['system', 'Be brief.', 'user', 'Hi', 'ann'],
      uncounted: [],
    });
  });

  it('takes the text and refusal of parts, and reasoning', () => {
    const content = [{ type: 'text', text: 'one' }, { type: 'refusal', refusal: 'two' }, 'three'];
    const messages = [{ role: 'assistant', content, refusal: 'four', reasoning_content: 'five' }];
    expect(chat({ messages }).texts).toEqual(['assistant', 'one', 'two', 'three', 'four', 'five']);
  });

  it('takes name and arguments of tool calls of every shape', () => {
    const tool_calls = [
      { id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a": 1}' } },
      { id: 'c2', type: 'custom', custom: { name: 'g', input: 'raw' } },
    ];
    const messages = [
      { role: 'assistant', content: null, tool_calls },
      { role: 'assistant', function_call: { name: 'h', arguments: { b: 2 } } },
      { role: 'tool', tool_call_id: 'c1', content: 'result' },
    ];
    const calls = ['f', '{"a": 1}', 'g', 'raw'];
    expect(chat({ messages }).texts).toEqual(['assistant', ...calls, 'assistant', 'h', '{"b":2}', 'tool', 'result']);
  });

  it('takes definitions as they are spelt, without white space and needless escapes', () => {
    const body = `{ "messages": [], "tools": [ { "type" : "function", "n": [ 1.0, 9007199254740993 ], "d": "a  b\\u00e9\\/\\n\\u0022" } ],
      "functions": [ { "name": "f" } ], "response_format": { "type": "json_schema", "json_schema": { "a b" : true } } }`;
    const tool = '{"type":"function","n":[1.0,9007199254740993],"d":"a  bé/\\n\\""}';
    expect(chat(body).texts).toEqual([tool, '{"name":"f"}', '{"a b":true}']);
  });

  it('counts images by their detail, and never their URL', () => {
    const url = `data:image/png;base64,${'A'.repeat(1000)}`;
    const content = [
      { type: 'image_url', image_url: { url, detail: 'low' } },
      { type: 'image_url', image_url: { url, detail: 'high' } },
      { type: 'image_url', image_url: { url } },
      { type: 'input_image', image_url: url, detail: 'low' },
    ];
    expect(chat({ messages: [{ role: 'user', content }] })).toEqual({
      fixed: 3 + 3 + 85 + 765 + 765 + 85,
      texts: ['user'],
      uncounted: [],
    });
  });

  it('names the kinds of parts that it does not count', () => {
    const content = [
      { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
      { type: 'file', file: { file_id: 'x' } },
      { type: 'file', file: { file_id: 'y' } },
      {},
    ];
    const { texts, uncounted } = chat({ messages: [{ role: 'user', content }] });
    expect(texts).toEqual(['user']);
    expect(uncounted).toEqual(['input_audio', 'file', 'unknown']);
  });

  it('counts what has another type than it should as its JSON', () => {
    const messages = [
      5,
      'text',
      null,
      { role: 1, content: 5, name: { a: 1 }, tool_calls: 'x' },
      { content: { a: [] } },
    ];
    expect(chat({ messages, tools: 7, functions: null }).texts).toEqual([
      ...['5', '"text"', '1', '5', '"x"', '{"a":1}', '{"a":[]}'],
      '7',
    ]);
    expect(chat({ messages }).fixed).toBe(3 + 2 * 3 + 1);
    expect(chat({ messages: 'x' }).texts).toEqual(['"x"']);
    expect(chat({}).texts).toEqual([]);
  });

  it('finds fields whatever the spelling of their names, and the last of equal ones', () => {
    const body = '{"messages":[{"r\\u006fle":"a","role":"b","__proto__":{"content":"no"},"constructor":1}]}';
    expect(chat(body).texts).toEqual(['b']);
  });

  it('reads nesting of any depth', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    const body = `{"messages":[{"role":"user","content":{"a":${deep}}}],"tools":[${deep}]}`;
    expect(chat(body).texts).toEqual(['user', `{"a":${deep}}`, deep]);
  });

  it.each([
    '',
    '{"messages":[',
    '{"messages" 1}',
    '{"messages":[}',
    '{"messages":[{"role":"use]}',
    '{"messages":["a" "b"]}',
  ])('refuses %j, which is no JSON', (body) => {
    expect(() => chat(body)).toThrow(SyntaxError);
  });
});

describe('promptTexts of completions and embeddings', () => {
  const entries = (prompt: unknown) => promptTexts('completions', Buffer.from(JSON.stringify({ prompt }))).entries;

  it('takes a text, or each of a list', () => {
    expect(entries('a "quoted" text')).toEqual([{ fixed: 0, texts: ['a "quoted" text'] }]);
    expect(entries(['a', 'b'])).toEqual([
      { fixed: 0, texts: ['a'] },
      { fixed: 0, texts: ['b'] },
    ]);
  });

  it('takes the length of a list of tokens, or of each of several', () => {
    expect(entries([1, 2, 3])).toEqual([{ fixed: 3, texts: [] }]);
    expect(entries([[1, 2, 3], [4], []])).toEqual([3, 1, 0].map((fixed) => ({ fixed, texts: [] })));
  });

  it('counts anything else as its JSON', () => {
    expect(entries({ a: 1 })).toEqual([{ fixed: 0, texts: ['{"a":1}'] }]);
    expect(entries(['a', 5, ['b']])).toEqual(['a', '5', '["b"]'].map((text) => ({ fixed: 0, texts: [text] })));
    expect(entries(null)).toEqual([]);
    expect(entries([])).toEqual([]);
  });

  it('reads `input` for embeddings', () => {
    const body = Buffer.from('{"prompt":"no","input":"yes"}');
    expect(promptTexts('embeddings', body).entries).toEqual([{ fixed: 0, texts: ['yes'] }]);
  });
});
