import { describe, expect, it } from 'vitest';
import { ask, collect, openaiClient, startSetup } from '../sdk-setup.ts';

const usage = {
  prompt_tokens: 5,
  completion_tokens: 3,
  total_tokens: 8,
  prompt_tokens_details: { cached_tokens: 0 },
};

describe('streams of the openai SDK', () => {
  it('bring role, content and finish reason, and no usage unasked', async () => {
    const { baseURL, backend } = await startSetup({ usage });
    const stream = await openaiClient(baseURL).chat.completions.create({
      model: 'm',
      messages: ask('one two three'),
      stream: true,
    });
    const chunks = await collect(stream);
    const choices = chunks.map((chunk) => chunk.choices[0]);
    expect(choices[0]?.delta.role).toBe('assistant');
    expect(choices.map((choice) => choice?.delta.content ?? '')).toEqual(['', 'one', ' two', ' three', '']);
    expect(choices.map((choice) => choice?.finish_reason)).toEqual([null, null, null, null, 'stop']);
    expect(chunks.filter((chunk) => chunk.usage)).toEqual([]);
    expect(backend.posts()[0]?.json.stream_options).toEqual({ include_usage: true });
  });

  it('bring the usage when asked', async () => {
    const { baseURL } = await startSetup({ usage });
    const stream = await openaiClient(baseURL).chat.completions.create({
      model: 'm',
      messages: ask('one two three'),
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = await collect(stream);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage });
    expect(chunks.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true);
  });

  it('bring the usage only when asked, though the client sends other stream options', async () => {
    const { baseURL, backend } = await startSetup({ usage });
    const body = {
      model: 'm',
      messages: ask('one'),
      stream: true as const,
      stream_options: { include_usage: false, include_obfuscation: false },
    };
    const chunks = await collect(await openaiClient(baseURL).chat.completions.create(body));
    expect(chunks.filter((chunk) => chunk.usage)).toEqual([]);
    expect(backend.posts()[0]?.json.stream_options).toEqual({ include_usage: true, include_obfuscation: false });
  });

  it('keep a chunk that holds usage and choices at once', async () => {
    const head = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' };
    const events = [
      { ...head, choices: [{ index: 0, delta: { role: 'assistant', content: 'he' }, finish_reason: null }] },
      { ...head, choices: [{ index: 0, delta: { content: 'y' }, finish_reason: 'stop' }], usage },
    ];
    const { baseURL, gateway } = await startSetup([{ events }]);
    const create = { model: 'm', messages: ask('hi'), stream: true as const };
    const chunks = await collect(await openaiClient(baseURL).chat.completions.create(create));
    expect(chunks).toEqual(events);
    await expect.poll(() => gateway.log().at(-1)).toMatchObject({ msg: 'request', status: 200 });
  });

  it('give each piece as soon as the backend sends it', async () => {
    const { baseURL, backend } = await startSetup([{ content: 'a b c', hang_after_chunks: 2 }]);
    const stream = await openaiClient(baseURL).chat.completions.create({
      model: 'm',
      messages: ask('hi'),
      stream: true,
    });
    const iterator = stream[Symbol.asyncIterator]();
    await iterator.next();
    const second = await iterator.next();
    expect(second.value?.choices[0]?.delta.content).toBe('a');
    expect(backend.running).toBe(1);
    stream.controller.abort();
  });

  it('survive bytes that are cut anywhere, also inside of a character', async () => {
    const { baseURL } = await startSetup([{ content: 'grüße 👋🏽 世界', chunk_bytes: 1 }]);
    const stream = await openaiClient(baseURL).chat.completions.create({
      model: 'm',
      messages: ask('hi'),
      stream: true,
    });
    const chunks = await collect(stream);
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe('grüße 👋🏽 世界');
  });

  it('pass comments, blank lines and CRLF, and end well where the backend sends no [DONE]', async () => {
    const chunk = (delta: object, reason: string | null) =>
      JSON.stringify({
        id: 'c',
        object: 'chat.completion.chunk',
        created: 1,
        model: 'm',
        choices: [{ index: 0, delta, finish_reason: reason }],
      });
    const chunks = [
      ': OPENROUTER PROCESSING\n\n',
      `data: ${chunk({ content: 'a' }, null)}\r\n\r\n`,
      ': still there\r\n\r\n\r\n',
      `event: message\nid: 3\ndata: ${chunk({ content: 'b' }, 'stop')}\n\n`,
    ];
    const { baseURL } = await startSetup([{ chunks }]);
    const stream = await openaiClient(baseURL).chat.completions.create({
      model: 'm',
      messages: ask('hi'),
      stream: true,
    });
    const content = (await collect(stream)).map((part) => part.choices[0]?.delta.content);
    expect(content).toEqual(['a', 'b']);
  });

  it('are gathered to the whole answer by the SDK itself', async () => {
    const { baseURL } = await startSetup({ usage });
    const stream = openaiClient(baseURL).chat.completions.stream({
      model: 'm',
      messages: ask('one two three'),
      stream_options: { include_usage: true },
    });
    const deltas: string[] = [];
    stream.on('content', (delta) => deltas.push(delta));
    const completion = await stream.finalChatCompletion();
    expect(deltas.join('')).toBe('one two three');
    expect(completion.choices[0]).toMatchObject({ message: { content: 'one two three' }, finish_reason: 'stop' });
    expect(completion.usage).toEqual(usage);
  });

  it('bring several choices in turn', async () => {
    const { baseURL } = await startSetup([{ content: ['first one', 'second'] }]);
    const stream = await openaiClient(baseURL).chat.completions.create({
      model: 'm',
      messages: ask('hi'),
      n: 2,
      stream: true,
    });
    const texts = ['', ''];
    for await (const { choices } of stream) {
      for (const { index, delta } of choices) texts[index] += delta.content ?? '';
    }
    expect(texts).toEqual(['first one', 'second']);
  });
});
