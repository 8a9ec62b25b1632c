import { describe, expect, it } from 'vitest';
import { ask, openaiClient, startSetup } from '../sdk-setup.ts';

const usage = {
  prompt_tokens: 11,
  completion_tokens: 2,
  total_tokens: 13,
  prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
};

describe('chat completions of the openai SDK', () => {
  it('get the answer with its usage and the request id', async () => {
    const { baseURL, backend } = await startSetup({ usage });
    const completion = await openaiClient(baseURL).chat.completions.create({
      model: 'm',
      messages: ask('hello there'),
    });
    expect(completion.choices).toMatchObject([
      { index: 0, message: { role: 'assistant', content: 'hello there' }, finish_reason: 'stop' },
    ]);
    expect(completion).toMatchObject({ object: 'chat.completion', model: 'm' });
    expect(completion.usage).toEqual(usage);
    expect(completion._request_id).toMatch(/^[\w-]{8,}$/);
    expect(backend.posts()).toHaveLength(1);
  });

  it('send on what the SDK wrote, unknown fields too, but for the name of the model', async () => {
    const { baseURL, backend } = await startSetup();
    const body = {
      model: 'm',
      messages: ask('hi'),
      temperature: 0,
      n: 2,
      seed: 7,
      metadata: { model: 'of the metadata' },
      min_p: 0.05,
      chat_template_kwargs: { enable_thinking: false },
    };
    const completion = await openaiClient(baseURL).chat.completions.create({ ...body, model: 'a:m' });
    expect(completion.choices.map((choice) => choice.index)).toEqual([0, 1]);
    expect(backend.posts()[0]?.body.toString()).toBe(JSON.stringify({ ...body, model: 'm' }));
  });

  it('reach a model whose name has a colon, with the backend in front or without', async () => {
    const { baseURL, backend } = await startSetup();
    const client = openaiClient(baseURL);
    for (const model of ['a:llama3.2:1b', 'llama3.2:1b', 'hf.co/org/model:Q4_K_M', 'a:hf.co/org/model:Q4_K_M']) {
      const completion = await client.chat.completions.create({ model, messages: ask('hi') });
      expect(completion.model).toBe(model.replace(/^a:/, ''));
    }
    expect(backend.posts().map((post) => post.model)).toEqual([
      'llama3.2:1b',
      'llama3.2:1b',
      'hf.co/org/model:Q4_K_M',
      'hf.co/org/model:Q4_K_M',
    ]);
  });

  it('carry fields of servers that the SDK does not know', async () => {
    const { baseURL } = await startSetup([{ reasoning_content: 'let me think', content: '4' }]);
    const completion = await openaiClient(baseURL).chat.completions.create({ model: 'm', messages: ask('2+2?') });
    expect(completion.choices[0]?.message).toMatchObject({ reasoning_content: 'let me think', content: '4' });
  });

  it('leave signed thoughts and tools of unknown kinds as they are, both ways', async () => {
    const thought = { type: 'thinking', thinking: 'so \u00fc/\u2028 "x"', signature: 'EqQBCkYIBxgCIkA+/=\n' };
    const messages = [
      ...ask('hi'),
      {
        role: 'assistant',
        content: null,
        thinking_blocks: [thought],
        reasoning_details: [{ data: '\ud83d\udc4b', n: 1e21 }],
      },
      { role: 'user', content: [{ type: 'text', text: 'more', cache_control: { type: 'ephemeral' } }] },
    ];
    const tools = [
      { type: 'web_search', filters: { domains: [] } },
      { type: 'custom', custom: { name: 'x', format: null } },
    ];
    const json = {
      id: 'c',
      choices: [{ index: 0, message: { ...messages[1], tool_calls: [{ type: 'odd', odd: {} }] } }],
    };
    const { baseURL, backend } = await startSetup([{ json }]);
    const answer = await openaiClient(baseURL).post('/chat/completions', { body: { model: 'm', messages, tools } });
    expect(answer).toEqual(json);
    expect(backend.posts()[0]?.body.toString()).toBe(JSON.stringify({ model: 'm', messages, tools }));
  });

  it('read a compressed answer of the backend', async () => {
    const { baseURL } = await startSetup([{ content: 'grüße 👋', gzip: true }]);
    const completion = await openaiClient(baseURL).chat.completions.create({ model: 'm', messages: ask('hi') });
    expect(completion.choices[0]?.message.content).toBe('grüße 👋');
  });

  it('show headers of the gateway with the answer', async () => {
    const { baseURL } = await startSetup([{ headers: { 'openai-version': '2020-10-01', 'set-cookie': 'a=b' } }]);
    const client = openaiClient(baseURL);
    const { data, response, request_id } = await client.chat.completions
      .create({ model: 'a:m', messages: ask('hi') }, { headers: { 'X-Request-ID': 'my-own-id' } })
      .withResponse();
    expect(data.choices).toHaveLength(1);
    expect(request_id).toBe('my-own-id');
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'x-headrace-backend': 'a',
      'x-headrace-model': 'm',
      'x-headrace-attempts': '1',
      'openai-version': '2020-10-01',
    });
    expect(response.headers.has('set-cookie')).toBe(false);
  });

  it('keep the headers of the client from the backend, but for those that may go on', async () => {
    const { baseURL, backend } = await startSetup();
    const client = openaiClient(baseURL, {
      organization: 'org-1',
      project: 'proj-1',
      defaultHeaders: { 'X-Team': 'blue', Cookie: 'taste=sweet', 'OpenAI-Beta': 'assistants=v2' },
      defaultQuery: { trace: 'yes' },
    });
    const headers = { traceparent: '00-1-2-01', 'Idempotency-Key': 'once-only', 'x-api-key': 'secret' };
    await client.chat.completions.create({ model: 'm', messages: ask('hi') }, { headers });
    const post = backend.posts()[0];
    expect(post?.query).toBe('');
    expect(post?.headers).toMatchObject({
      'openai-beta': 'assistants=v2',
      traceparent: '00-1-2-01',
      'idempotency-key': 'once-only',
    });
    const kept = ['authorization', 'cookie', 'x-api-key', 'x-team', 'openai-organization', 'openai-project'];
    const sent = Object.keys(post?.headers ?? {});
    expect(sent.filter((name) => kept.includes(name) || name.startsWith('x-stainless'))).toEqual([]);
    expect(post?.rawHeaders.join('\n')).not.toContain('sk-of-the-client');
  });
});
