import fc from 'fast-check';
import OpenAI from 'openai';
import { expect, test } from 'vitest';
import { startFakeBackend } from '../../test/fake-backend/fake-backend.ts';
import { eventsOf, postJson, send } from '../../test/fake-backend/http-client.ts';
import { wordPieces } from './answers/words.ts';

const hello = { model: 'm', messages: [{ role: 'user', content: 'hello brave  world' }] };

test('a chat echoes the last user message with counted usage', async () => {
  const server = await startFakeBackend();
  const messages = [
    { role: 'system', content: 'be kind' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'one ' },
        { type: 'text', text: 'two' },
      ],
    },
    { role: 'assistant', content: 'so' },
  ];
  const { status, headers, text } = await postJson(`${server.baseUrl}/chat/completions`, { model: 'm', messages });
  expect(status).toBe(200);
  expect(headers['content-type']).toBe('application/json');
  expect(headers['content-length']).toBe(String(text.length));
  expect(JSON.parse(text)).toEqual({
    id: 'chatcmpl-mock-1',
    object: 'chat.completion',
    created: expect.any(Number),
    model: 'm',
    system_fingerprint: null,
    choices: [{ index: 0, message: { role: 'assistant', content: 'one two' }, logprobs: null, finish_reason: 'stop' }],
    usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
  });
});

test('a stream has role, words, finish reason, usage only if asked for, and [DONE]', async () => {
  const server = await startFakeBackend();
  const url = `${server.baseUrl}/chat/completions`;
  const plain = await postJson(url, { ...hello, stream: true });
  expect(plain.headers['content-type']).toMatch(/^text\/event-stream/);
  const events = eventsOf(plain.text) as { choices: { delta: object; finish_reason: string | null }[] }[];
  expect(events.at(-1)).toBe('[DONE]');
  const chunks = events.slice(0, -1);
  expect(chunks.map((chunk) => chunk.choices[0]?.delta)).toEqual([
    { role: 'assistant', content: '' },
    { content: 'hello' },
    { content: ' brave' },
    { content: '  world' },
    {},
  ]);
  expect(chunks.map((chunk) => chunk.choices[0]?.finish_reason)).toEqual([null, null, null, null, 'stop']);
  expect(plain.text).not.toContain('usage');
  const asked = await postJson(url, { ...hello, stream: true, stream_options: { include_usage: true } });
  const last = eventsOf(asked.text).at(-2);
  expect(last).toMatchObject({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 3, total_tokens: 6 } });
});

test('n gives several choices, whole and streamed, with a content for each', async () => {
  const server = await startFakeBackend([{ content: ['a b', 'c'] }]);
  const url = `${server.baseUrl}/chat/completions`;
  const whole = JSON.parse((await postJson(url, { ...hello, n: 3 })).text);
  expect(whole.choices.map((choice: { message: { content: string } }) => choice.message.content)).toEqual([
    'a b',
    'c',
    'a b',
  ]);
  expect(whole.usage.completion_tokens).toBe(5);
  const { text } = await postJson(url, { ...hello, n: 2, stream: true });
  const texts = ['', ''];
  for (const event of eventsOf(text).slice(0, -1) as { choices: { index: number; delta: { content?: string } }[] }[]) {
    for (const { index, delta } of event.choices) texts[index] += delta.content ?? '';
  }
  expect(texts).toEqual(['a b', 'c']);
});

test('max_tokens cuts the echo after so many words', async () => {
  const server = await startFakeBackend();
  const { text } = await postJson(`${server.baseUrl}/chat/completions`, { ...hello, max_tokens: 2 });
  const { choices, usage } = JSON.parse(text);
  expect(choices[0]).toMatchObject({ message: { content: 'hello brave' }, finish_reason: 'length' });
  expect(usage.completion_tokens).toBe(2);
});

test('completions repeat each prompt, also as a stream', async () => {
  const server = await startFakeBackend();
  const url = `${server.baseUrl}/completions`;
  const whole = JSON.parse((await postJson(url, { model: 'm', prompt: ['one two', [5, 6]] })).text);
  expect(whole).toMatchObject({
    object: 'text_completion',
    choices: [
      { index: 0, text: 'one two', finish_reason: 'stop' },
      { index: 1, text: '5 6', finish_reason: 'stop' },
    ],
    usage: { prompt_tokens: 4, completion_tokens: 4, total_tokens: 8 },
  });
  const { text } = await postJson(url, { model: 'm', prompt: 'one two', stream: true });
  const events = eventsOf(text).slice(0, -1) as { choices: { text: string }[] }[];
  expect(events.map((event) => event.choices[0]?.text)).toEqual(['one', ' two', '']);
});

test('embeddings are deterministic, and the same as floats and in base64', async () => {
  const server = await startFakeBackend();
  const url = `${server.baseUrl}/embeddings`;
  const floats = JSON.parse((await postJson(url, { model: 'm', input: ['a b', 'c'] })).text);
  const base64 = JSON.parse((await postJson(url, { model: 'm', input: ['a b', 'c'], encoding_format: 'base64' })).text);
  expect(floats.usage).toEqual({ prompt_tokens: 3, total_tokens: 3 });
  for (const index of [0, 1]) {
    const bytes = Buffer.from(base64.data[index].embedding, 'base64');
    const decoded = Array.from({ length: bytes.length / 4 }, (_, position) => bytes.readFloatLE(position * 4));
    expect(decoded).toEqual(floats.data[index].embedding);
    expect(Math.hypot(...decoded)).toBeCloseTo(1, 5);
  }
  expect(floats.data[0].embedding).not.toEqual(floats.data[1].embedding);
  const longer = JSON.parse((await postJson(url, { model: 'm', input: 'c', dimensions: 20 })).text);
  expect(longer.data[0].embedding).toHaveLength(20);
});

test('a demanded tool is called with arguments that its schema allows', async () => {
  const server = await startFakeBackend();
  const url = `${server.baseUrl}/chat/completions`;
  const parameters = { type: 'object', properties: { city: { enum: ['Rome'] } }, required: ['city'] };
  const tools = [
    { type: 'function', function: { name: 'time' } },
    { type: 'function', function: { name: 'weather', parameters } },
  ];
  const named = { ...hello, tools, tool_choice: { type: 'function', function: { name: 'weather' } } };
  const whole = JSON.parse((await postJson(url, named)).text).choices[0];
  expect(whole).toMatchObject({ finish_reason: 'tool_calls', message: { content: null } });
  expect(whole.message.tool_calls[0].function).toEqual({ name: 'weather', arguments: '{"city":"Rome"}' });
  const any = JSON.parse((await postJson(url, { ...hello, tools, tool_choice: 'required' })).text).choices[0];
  expect(any.message.tool_calls[0].function).toEqual({ name: 'time', arguments: '{}' });
  const free = JSON.parse((await postJson(url, { ...hello, tools })).text).choices[0];
  expect(free.message.tool_calls).toBeUndefined();
  const { text } = await postJson(url, { ...named, stream: true });
  const events = eventsOf(text).slice(0, -1) as { choices: { delta: { tool_calls?: [ToolDelta] } }[] }[];
  const deltas = events.flatMap((event) => event.choices[0]?.delta.tool_calls ?? []);
  expect(deltas[0]).toMatchObject({ index: 0, id: whole.message.tool_calls[0].id, function: { name: 'weather' } });
  expect(deltas.map((delta) => delta.function.arguments).join('')).toBe('{"city":"Rome"}');
});

interface ToolDelta {
  readonly function: { readonly arguments: string };
}

test('what a reply pins stands in the answer', async () => {
  const usage = { prompt_tokens: 100, completion_tokens: 7, prompt_tokens_details: { cached_tokens: 90 } };
  const server = await startFakeBackend([
    { usage, content: 'yes', reasoning_content: 'hm', finish_reason: 'content_filter' },
    { usage: null, tool_calls: [{ name: 'f', arguments: { a: 1 } }] },
  ]);
  const url = `${server.baseUrl}/chat/completions`;
  const first = JSON.parse((await postJson(url, hello)).text);
  expect(first.usage).toEqual({ ...usage, total_tokens: 107 });
  expect(first.choices[0]).toMatchObject({
    message: { content: 'yes', reasoning_content: 'hm' },
    finish_reason: 'content_filter',
  });
  const second = JSON.parse((await postJson(url, hello)).text);
  expect(second.usage).toBeUndefined();
  expect(second.choices[0].message.tool_calls[0].function).toEqual({ name: 'f', arguments: '{"a":1}' });
});

test('mount paths, the list of models, and 404 and 400 in the envelope', async () => {
  const server = await startFakeBackend({ mount: '/second/v7/', models: ['a:b', { id: 'org/c', context_window: 5 }] });
  expect(server.baseUrl).toBe(`${server.url}/second/v7`);
  const list = JSON.parse((await send(`${server.baseUrl}/models`)).text);
  expect(list.object).toBe('list');
  expect(list.data).toMatchObject([
    { id: 'a:b', object: 'model' },
    { id: 'org/c', context_window: 5 },
  ]);
  expect(JSON.parse((await send(`${server.baseUrl}/models/org%2Fc`)).text).id).toBe('org/c');
  expect((await postJson(`${server.baseUrl}/chat/completions`, hello)).status).toBe(200);
  const elsewhere = await postJson(`${server.url}/v1/chat/completions`, hello);
  expect(elsewhere.status).toBe(404);
  expect(JSON.parse(elsewhere.text).error).toMatchObject({ type: 'invalid_request_error', param: null, code: null });
  expect((await send(`${server.baseUrl}/chat/completions`)).status).toBe(404);
  expect((await send(`${server.baseUrl}/completions`, { body: '{"prompt":' })).status).toBe(400);
  expect((await postJson(`${server.baseUrl}/embeddings`, {})).text).toContain("'input'");
  const root = await startFakeBackend({ mount: '' });
  expect((await postJson(`${root.url}/chat/completions`, hello)).status).toBe(200);
});

test("OpenAI's own client reads chats, streams and embeddings", async () => {
  const server = await startFakeBackend({ require_key: 'k' });
  const client = new OpenAI({ baseURL: server.baseUrl, apiKey: 'k' });
  const messages = [{ role: 'user' as const, content: 'hello world' }];
  const chat = await client.chat.completions.create({ model: 'm', messages });
  expect(chat.choices[0]?.message.content).toBe('hello world');
  const pieces: string[] = [];
  for await (const chunk of await client.chat.completions.create({ model: 'm', messages, stream: true })) {
    pieces.push(chunk.choices[0]?.delta.content ?? '');
  }
  expect(pieces.join('')).toBe('hello world');
  const embedding = await client.embeddings.create({ model: 'm', input: 'hello' });
  expect(Math.hypot(...(embedding.data[0]?.embedding ?? []))).toBeCloseTo(1, 5);
  expect((await client.models.list()).data.map((model) => model.id)).toContain('echo');
});

test('the pieces of a text are the text, and all but white space at its end is one word each', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', 'é', ' ', '\n', '\t', '😀') }), (text) => {
      const pieces = wordPieces(text);
      expect(pieces.join('')).toBe(text);
      expect(pieces.slice(0, -1).every((piece) => /^\s*\S+$/.test(piece))).toBe(true);
    }),
  );
});
