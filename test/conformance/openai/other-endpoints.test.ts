import { describe, expect, it } from 'vitest';
import { ask, collect, openaiClient, startSetup } from '../sdk-setup.ts';

describe('embeddings of the openai SDK', () => {
  it('are the same as floats and in the base64 that the SDK asks for by itself', async () => {
    const { baseURL, backend } = await startSetup();
    const client = openaiClient(baseURL);
    const input = ['first text', 'second'];
    const plain = await client.embeddings.create({ model: 'a:m', input, encoding_format: 'float' });
    const packed = await client.embeddings.create({ model: 'a:m', input });
    expect(backend.posts().map((post) => post.json.encoding_format)).toEqual(['float', 'base64']);
    expect(plain.data.map(({ index, embedding }) => [index, embedding.length])).toEqual([
      [0, 8],
      [1, 8],
    ]);
    const vectors = packed.data.map(({ embedding }) => [...embedding].map(Math.fround));
    expect(vectors).toEqual(plain.data.map(({ embedding }) => embedding.map(Math.fround)));
    expect(plain.usage).toEqual({ prompt_tokens: 3, total_tokens: 3 });
  });

  it('take dimensions and lists of tokens', async () => {
    const { baseURL, backend } = await startSetup();
    const client = openaiClient(baseURL);
    const { data } = await client.embeddings.create({ model: 'm', input: [[1, 2, 3], [4]], dimensions: 16 });
    expect(data.map(({ embedding }) => embedding.length)).toEqual([16, 16]);
    expect(backend.posts()[0]?.json.input).toEqual([[1, 2, 3], [4]]);
  });
});

describe('models of the openai SDK', () => {
  const backendLines = `auth_type: none
models:
  small:
    limits: { context_window: 8000, max_output_tokens: 1000 }
  "org/large:70b": {}`;

  it('are listed', async () => {
    const { baseURL } = await startSetup({}, { backendLines });
    const models = await collect(openaiClient(baseURL).models.list());
    expect(models.map(({ id, object, owned_by }) => ({ id, object, owned_by }))).toEqual([
      { id: 'a:small', object: 'model', owned_by: 'a' },
      { id: 'a:org/large:70b', object: 'model', owned_by: 'a' },
    ]);
    expect(models[0]).toMatchObject({ context_window: 8000, max_output_tokens: 1000 });
    expect(models.every(({ created }) => Number.isInteger(created))).toBe(true);
  });

  it('are found by their names, with colons and slashes', async () => {
    const { baseURL } = await startSetup({}, { backendLines });
    const client = openaiClient(baseURL);
    expect(await client.models.retrieve('a:small')).toMatchObject({ id: 'a:small', object: 'model' });
    expect(await client.models.retrieve('a:org/large:70b')).toMatchObject({ id: 'a:org/large:70b', owned_by: 'a' });
  });

  it('are those of the backend itself where none are declared', async () => {
    const { baseURL } = await startSetup({ profile: 'ollama' });
    const client = openaiClient(baseURL);
    const ids = (await collect(client.models.list())).map(({ id }) => id);
    expect(ids).toEqual(['a:llama3.2:1b', 'a:hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M']);
    for (const model of ids) {
      expect(await client.models.retrieve(model)).toMatchObject({ id: model });
      const answer = await client.chat.completions.create({ model, messages: ask('hi') });
      expect(answer.choices[0]?.message.content).toBe('hi');
    }
  });
});

describe('legacy completions of the openai SDK', () => {
  it('are answered', async () => {
    const { baseURL, backend } = await startSetup();
    const body = { model: 'm', prompt: ['one two', 'three'], echo: false, suffix: '!' };
    const completion = await openaiClient(baseURL).completions.create(body);
    expect(completion.object).toBe('text_completion');
    expect(completion.choices.map(({ text, finish_reason }) => [text, finish_reason])).toEqual([
      ['one two', 'stop'],
      ['three', 'stop'],
    ]);
    expect(completion.usage).toEqual({ prompt_tokens: 3, completion_tokens: 3, total_tokens: 6 });
    expect(backend.posts()[0]).toMatchObject({ path: '/v1/completions', json: body });
  });

  it('are streamed, with usage only when asked', async () => {
    const { baseURL } = await startSetup();
    const client = openaiClient(baseURL);
    const body = { model: 'm', prompt: 'one two', stream: true as const };
    const plain = await collect(await client.completions.create(body));
    expect(plain.map((chunk) => chunk.choices[0]?.text).join('')).toBe('one two');
    expect(plain.some((chunk) => chunk.usage)).toBe(false);
    const asked = await collect(await client.completions.create({ ...body, stream_options: { include_usage: true } }));
    expect(asked.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 2, completion_tokens: 2 } });
  });
});
