import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failure, modelYaml, startRig } from './rig.ts';

const chatPath = '/v1/chat/completions';
const message = '{"role":"user","content":"hi"}';

/** What a client may send, and what the backend must then get: the same, but for the value of the top `model`. */
const odd: readonly (readonly [string, string, string])[] = [
  [
    'white space and the order of keys',
    `\r\n {\t"messages" :\n[ ${message} ] ,  "model" : "u:m" }\n\n`,
    `\r\n {\t"messages" :\n[ ${message} ] ,  "model" : "m" }\n\n`,
  ],
  [
    'the spelling of numbers',
    `{"model":"u:m","temperature":1.0,"top_p":1E-0,"seed":12345678901234567890,"x":-0,"messages":[${message}]}`,
    `{"model":"m","temperature":1.0,"top_p":1E-0,"seed":12345678901234567890,"x":-0,"messages":[${message}]}`,
  ],
  [
    'escapes, also of lone surrogates',
    '{"model":"u:m","messages":[{"role":"user","content":"\\u0041\\/\\ud83d\\ude00 \\ud800 é 你"}]}',
    '{"model":"m","messages":[{"role":"user","content":"\\u0041\\/\\ud83d\\ude00 \\ud800 é 你"}]}',
  ],
  [
    'unknown and nested fields, also those called model',
    `{"metadata":{"model":"u:m","a":{"model":1}},"messages":[${message}],"tools":[{"model":"u:m"}],"min_p":0.1,"model":"u:m","user":null}`,
    `{"metadata":{"model":"u:m","a":{"model":1}},"messages":[${message}],"tools":[{"model":"u:m"}],"min_p":0.1,"model":"m","user":null}`,
  ],
  [
    'a model whose key and value are written with escapes',
    `{"mode\\u006c":"\\u0075:m","messages":[${message}]}`,
    `{"mode\\u006c":"m","messages":[${message}]}`,
  ],
];

describe('the body that a backend gets', () => {
  it.each(odd)('keeps %s', async (_what, sent, expected) => {
    const { post, backend } = await startRig();
    expect((await post(chatPath, sent)).status).toBe(200);
    expect(backend.posts()[0]?.body.toString()).toBe(expected);
    expect(backend.posts()[0]?.headers['content-length']).toBe(String(Buffer.byteLength(expected)));
  });

  it('keeps any JSON whatever, byte for byte', async () => {
    const { post, backend } = await startRig();
    const fields = fc.dictionary(
      fc.string().filter((name) => !readFields.includes(name)),
      fc.jsonValue(),
      { maxKeys: 4 },
    );
    await fc.assert(
      fc.asyncProperty(fields, fc.constantFrom(undefined, 1, '\t'), async (own, indent) => {
        const whole = { ...own, messages: [{ role: 'user', content: 'hi' }] };
        const write = (model: string) => JSON.stringify({ model, ...whole }, null, indent);
        await post(chatPath, write('u:m'));
        expect(backend.posts().at(-1)?.body.toString()).toBe(write('m'));
      }),
      { numRuns: 60 },
    );
  });

  it('may have a great many fields', async () => {
    const { post, backend } = await startRig();
    const many = Array.from({ length: 60_000 }, (_, index) => `"field_${index}":${index}`).join(',');
    const body = `{"model":"u:m",${many},"messages":[${message}]}`;
    const before = performance.now();
    expect((await post(chatPath, body)).status).toBe(200);
    expect(performance.now() - before).toBeLessThan(2000); // one by one against all others takes many times that
    expect(backend.posts()[0]?.body.equals(Buffer.from(body.replace('u:m', 'm')))).toBe(true);
  });

  it('is untouched where the name of the model needs no change', async () => {
    const { post, backend } = await startRig({ flags: { defaultBackend: 'u' } });
    const sent = `{"model" : "\\u006d" , "messages":[${message}]}`;
    await post(chatPath, sent);
    expect(backend.posts()[0]?.body.toString()).toBe(sent);
  });

  it('carries model names with colons, slashes, quotes and letters of any script', async () => {
    const { chat, backend } = await startRig();
    for (const name of ['hf.co/org/model:Q4_K_M', 'llama3.2:1b', 'a "b" \\ c', '模型']) {
      expect((await chat({ model: `u:${name}` })).status).toBe(200);
      expect(backend.posts().at(-1)?.model).toBe(name);
    }
  });

  it.each(['model', 'messages', 'stream', 'max_tokens', 'max_completion_tokens', 'tools', 'n'])(
    'is not sent where "%s" stands in it twice, also with an escape',
    async (name) => {
      const { post, backend } = await startRig({ yaml: modelYaml({ context_window: 1000, tokens_per_minute: 5000 }) });
      const values: Record<string, string> = { model: '"u:m"', messages: `[${message}]`, stream: 'false', tools: '[]' };
      const value = values[name] ?? '1';
      const others = ['model', 'messages']
        .filter((other) => other !== name)
        .map((other) => `"${other}":${values[other]},`);
      const escaped = `\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${name.slice(1)}`;
      for (const second of [name, escaped]) {
        const refused = failure(await post(chatPath, `{${others.join('')}"${name}":${value},"${second}":${value}}`));
        expect([refused.status, refused.error.code, refused.error.param]).toEqual([400, 'invalid_request', name]);
      }
      expect(backend.posts()).toHaveLength(0);
    },
  );

  it.each([
    ['no UTF-8', Buffer.from(`{"model":"u:m","messages":[{"role":"user","content":"\xff"}]}`, 'latin1')],
    ['an overlong form', Buffer.from(`{"model":"u:m","messages":[{"role":"user","content":"\xc0\xaf"}]}`, 'latin1')],
    ['cut off', Buffer.from('{"model":"u:m","messages":[')],
    ['followed by something', Buffer.from(`{"model":"u:m","messages":[${message}]} x`)],
    ['a list', Buffer.from('[1]')],
    ['empty', Buffer.alloc(0)],
  ])('is not sent where the client’s is %s', async (_what, bytes) => {
    const { post, backend } = await startRig();
    const { status, error } = failure(await post(chatPath, bytes));
    expect([status, error.code, error.type]).toEqual([400, 'invalid_json', 'invalid_request_error']);
    expect(backend.posts()).toHaveLength(0);
  });
});

/** Fields that a random body must leave alone, as they mean something to the gateway. */
const readFields = ['model', 'messages', 'stream', 'stream_options', '__proto__'];
