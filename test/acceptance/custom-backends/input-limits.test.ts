import { describe, expect, it } from 'vitest';
import { measuredChat } from './expected-tokens.ts';
import { failure, hello, modelYaml, startRig } from './rig.ts';

const user = (content: string) => [{ role: 'user', content }];

describe('the limit of the input', () => {
  it('refuses 225,000 tokens where 200,000 are the most, streamed or not', async () => {
    const { chat, backend } = await startRig({ yaml: modelYaml({ max_input_tokens: 200_000 }) });
    const messages = user(' word'.repeat(225_000));
    const measured = measuredChat({ messages });
    expect(measured).toBeGreaterThan(225_000);
    for (const stream of [false, true]) {
      const answer = await chat({ messages, stream });
      const { status, error, detail } = failure(answer);
      expect(answer.headers['content-type']).toContain('application/json');
      expect([status, error.code, error.type]).toEqual([400, 'context_length_exceeded', 'invalid_request_error']);
      expect(error.message).toContain('prompt is too long');
      expect(detail).toEqual({
        code: 'input_limit_exceeded',
        message: 'Input token limit exceeded',
        details: { model: 'm', limit: 200_000, measured },
      });
    }
    expect(backend.posts()).toHaveLength(0);
  });

  it.each([
    [{ max_input_tokens: 5, context_window: 1000 }, 5],
    [{ max_input_tokens: 5 }, 5],
    [{ context_window: 6 }, 6],
  ])('is the least of those that are set: %j', async (limits, limit) => {
    const { chat } = await startRig({ yaml: modelYaml(limits) });
    expect(failure(await chat()).detail).toMatchObject({ details: { limit } });
  });

  it.each([
    ['tools', { tools: [{ type: 'function', function: { name: 'f', description: 'word '.repeat(100) } }] }],
    ['system text', { messages: [{ role: 'system', content: 'word '.repeat(100) }, ...hello.messages] }],
    [
      'a tool result',
      { messages: [...hello.messages, { role: 'tool', tool_call_id: 'a', content: 'word '.repeat(100) }] },
    ],
    [
      'a schema',
      { response_format: { type: 'json_schema', json_schema: { name: 's', schema: { enum: ['word '.repeat(100)] } } } },
    ],
    [
      'an image',
      {
        messages: [
          { role: 'user', content: [{ type: 'image_url', image_url: { url: 'http://x/y.png', detail: 'low' } }] },
        ],
      },
    ],
  ])('holds for %s around a small prompt', async (_what, fields) => {
    const { chat, backend } = await startRig({ yaml: modelYaml({ max_input_tokens: 80 }) });
    expect(failure(await chat(fields)).error.code).toBe('context_length_exceeded');
    expect(backend.posts()).toHaveLength(0);
    expect((await chat()).status).toBe(200);
  });

  it('counts a prompt of special tokens as text: refused when too long, passed when not', async () => {
    const { chat, backend } = await startRig({ yaml: modelYaml({ max_input_tokens: 60 }) });
    expect(failure(await chat({ messages: user('<|endoftext|>'.repeat(30)) })).status).toBe(400);
    expect((await chat({ messages: user('<|endoftext|> and <|im_end|>') })).status).toBe(200);
    expect(backend.posts()).toHaveLength(1);
  });

  it('is one of tokens, not of characters: a short text of many tokens is refused', async () => {
    const { chat } = await startRig({ yaml: modelYaml({ max_input_tokens: 60 }) });
    const messages = user('ꙮ𒀀'.repeat(30));
    expect(failure(await chat({ messages })).detail).toMatchObject({
      details: { measured: measuredChat({ messages }) },
    });
  });

  it('is not touched by a large max_output_tokens', async () => {
    const { chat } = await startRig({ yaml: modelYaml({ context_window: 100, max_output_tokens: 99 }) });
    const messages = user('word '.repeat(40));
    expect((await chat({ messages })).status).toBe(200);
    expect((await chat({ messages, max_tokens: 40 })).status).toBe(200);
  });

  it('belongs to the upstream model, whatever name the client used', async () => {
    const yaml = `default_model: m\n${modelYaml({ max_input_tokens: 5 })}`;
    const { chat } = await startRig({ yaml, flags: { defaultBackend: 'u' } });
    for (const model of ['u:m', 'm', 'u:', '']) {
      expect(failure(await chat({ model })).detail).toMatchObject({ details: { model: 'm', limit: 5 } });
    }
  });

  it('is never taken from a model with a similar name', async () => {
    const { chat } = await startRig({ yaml: 'models: {gpt-4: {limits: {max_input_tokens: 5}}}' });
    for (const model of ['u:gpt-4o', 'u:GPT-4', 'u:gpt-4-0613']) expect((await chat({ model })).status).toBe(200);
    expect((await chat({ model: 'u:gpt-4' })).status).toBe(400);
  });
});

describe('--force-context-window', () => {
  const yaml = `models: ${JSON.stringify({
    small: { limits: { context_window: 40 } },
    large: { limits: { context_window: 128_000 } },
    bare: {},
  })}`;

  it('holds for every model, listed or not; it lowers and never raises', async () => {
    const { chat, backend } = await startRig({ yaml, flags: { forceContextWindow: '80' } });
    const messages = user('word '.repeat(200));
    for (const [model, limit] of [
      ['unlisted', 80],
      ['bare', 80],
      ['large', 80],
      ['small', 40],
    ] as const) {
      const { detail } = failure(await chat({ model: `u:${model}`, messages }));
      expect(detail).toMatchObject({ details: { model, limit, measured: measuredChat({ messages }) } });
      expect((await chat({ model: `u:${model}` })).status).toBe(200);
    }
    expect(backend.posts()).toHaveLength(4);
  });

  it('holds for input with asked output together', async () => {
    const { chat } = await startRig({ yaml, flags: { forceContextWindow: '80' } });
    const measured = measuredChat(hello);
    expect((await chat({ model: 'u:unlisted', max_tokens: 80 - measured })).status).toBe(200);
    const refused = failure(await chat({ model: 'u:unlisted', max_tokens: 81 - measured }));
    expect([refused.error.code, refused.error.param]).toEqual(['output_limit_exceeded', 'max_tokens']);
    expect(refused.detail).toMatchObject({ details: { limit: 80, allowed: 80 - measured } });
  });
});
