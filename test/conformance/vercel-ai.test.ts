import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import {
  APICallError,
  embedMany,
  generateObject,
  generateText,
  isStepCount,
  Output,
  RetryError,
  streamText,
  tool,
} from 'ai';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { collect, failureOf, startSetup } from './sdk-setup.ts';

const weatherCall = { name: 'get_weather', arguments: { town: 'Köln' } };
const usage = {
  prompt_tokens: 7,
  completion_tokens: 3,
  total_tokens: 10,
  prompt_tokens_details: { cached_tokens: 4 },
  completion_tokens_details: { reasoning_tokens: 1 },
};

/** The provider as a user would make it. */
function provider(baseURL: string) {
  return createOpenAICompatible({
    name: 'headrace',
    baseURL,
    apiKey: 'sk-of-the-client',
    includeUsage: true,
    supportsStructuredOutputs: true,
  });
}

describe('the Vercel AI SDK', () => {
  it('generates text, with the usage of the backend', async () => {
    const { baseURL, backend } = await startSetup({ usage });
    const result = await generateText({ model: provider(baseURL)('a:llama3.2:1b'), prompt: 'one two three' });
    expect(result).toMatchObject({ text: 'one two three', finishReason: 'stop' });
    expect(result.usage).toMatchObject({
      inputTokens: 7,
      outputTokens: 3,
      totalTokens: 10,
      inputTokenDetails: { cacheReadTokens: 4 },
      outputTokenDetails: { reasoningTokens: 1 },
    });
    expect(backend.posts()[0]?.model).toBe('llama3.2:1b');
  });

  it('streams text, with reasoning and usage', async () => {
    const { baseURL } = await startSetup({
      replies: [{ reasoning_content: 'let me see', content: 'grüße 👋', usage }],
    });
    const result = streamText({ model: provider(baseURL)('m'), prompt: 'hi' });
    expect((await collect(result.textStream)).join('')).toBe('grüße 👋');
    expect(await result.reasoningText).toBe('let me see');
    expect(await result.finishReason).toBe('stop');
    expect(await result.usage).toMatchObject({ inputTokens: 7, outputTokens: 3, totalTokens: 10 });
  });

  it.each(['generated', 'streamed'])('calls tools and sends their results, %s', async (way) => {
    const { baseURL, backend } = await startSetup([{ tool_calls: [weatherCall] }, { content: 'rain in Köln' }]);
    const asked: unknown[] = [];
    const call = {
      model: provider(baseURL)('m'),
      prompt: 'weather?',
      stopWhen: isStepCount(3),
      tools: {
        get_weather: tool({
          inputSchema: z.object({ town: z.string() }),
          execute: (input) => {
            asked.push(input);
            return 'rain';
          },
        }),
      },
    };
    const text = way === 'generated' ? (await generateText(call)).text : await streamText(call).text;
    expect(text).toBe('rain in Köln');
    expect(asked).toEqual([{ town: 'Köln' }]);
    const messages = backend.posts()[1]?.json.messages as Record<string, unknown>[];
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool']);
    expect(messages[2]).toMatchObject({ tool_call_id: 'call_mock_0_0', content: 'rain' });
  });

  it('generates objects', async () => {
    const { baseURL, backend } = await startSetup([{ content: '{"name":"Köln","rivers":["Rhein"]}' }]);
    const schema = z.object({ name: z.string(), rivers: z.array(z.string()) });
    const model = provider(baseURL)('m');
    const { object } = await generateObject({ model, schema, prompt: 'Köln?' });
    const { output } = await generateText({ model, prompt: 'Köln?', output: Output.object({ schema }) });
    expect(object).toEqual({ name: 'Köln', rivers: ['Rhein'] });
    expect(output).toEqual(object);
    for (const post of backend.posts()) {
      expect(post.json.response_format).toMatchObject({
        type: 'json_schema',
        json_schema: { schema: { type: 'object', required: ['name', 'rivers'] } },
      });
    }
  });

  it('embeds', async () => {
    const { baseURL } = await startSetup();
    const model = provider(baseURL).embeddingModel('m');
    const { embeddings, usage: tokens } = await embedMany({ model, values: ['one two', 'three'] });
    expect(embeddings.map((vector) => vector.length)).toEqual([8, 8]);
    expect(embeddings[0]).not.toEqual(embeddings[1]);
    expect(tokens.tokens).toBe(3);
  });

  it('shows an error with its status and message', async () => {
    const { baseURL } = await startSetup([
      { status: 400, json: { error: { message: 'no such knob', code: 'bad_knob' } } },
    ]);
    const error = await failureOf(generateText({ model: provider(baseURL)('m'), prompt: 'hi' }));
    expect(APICallError.isInstance(error)).toBe(true);
    expect(error).toMatchObject({ statusCode: 400, message: 'no such knob', isRetryable: false });
    expect(error).toMatchObject({ data: { error: { code: 'bad_knob' } } });
  });

  it('shows a refused key of the gateway', async () => {
    const settingLines = 'keys:\n  - { name: alice, key_env_var: ALICE_KEY }';
    const { baseURL } = await startSetup({}, { settingLines, env: { ALICE_KEY: 'key-of-alice' } });
    const error = await failureOf(generateText({ model: provider(baseURL)('m'), prompt: 'hi' }));
    expect(error).toMatchObject({ statusCode: 401, isRetryable: false });
    expect(error).toMatchObject({ data: { error: { code: 'invalid_api_key' } } });
  });

  it('shows the last failure of the backend after the retries', async () => {
    const backendLines = 'auth_type: none\nmax_retries: 1\nretry_delay: 0.01';
    const { baseURL, backend } = await startSetup([{ status: 500 }], { backendLines });
    const error = await failureOf(generateText({ model: provider(baseURL)('m'), prompt: 'hi', maxRetries: 0 }));
    expect(error).toMatchObject({ statusCode: 502, data: { error: { code: 'upstream_error' } } });
    expect(backend.posts()).toHaveLength(2);
  });

  it('waits as long as a refused call says, and succeeds then', async () => {
    const backendLines = 'auth_type: none\nmax_retries: 0';
    const { baseURL, backend } = await startSetup(
      [{ status: 429, headers: { 'retry-after-ms': '40' } }, { content: 'at last' }],
      { backendLines },
    );
    const started = performance.now();
    const { text } = await generateText({ model: provider(baseURL)('m'), prompt: 'hi', maxRetries: 1 });
    expect(text).toBe('at last');
    expect(backend.posts()).toHaveLength(2);
    expect(performance.now() - started).toBeGreaterThanOrEqual(40);
  });

  it('shows a stream that breaks as an error part', async () => {
    const { baseURL, backend } = await startSetup([{ content: 'one two three', cut_after_chunks: 3 }]);
    const result = streamText({ model: provider(baseURL)('m'), prompt: 'hi', onError: () => undefined });
    const parts = await collect(result.stream);
    const text = parts.map((part) => (part.type === 'text-delta' ? part.text : '')).join('');
    expect(text).toBe('one two');
    const failure = parts.find((part) => part.type === 'error');
    expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure?.error ?? {}).concat('error'))).toMatch(
      /broke off/,
    );
    expect(backend.posts()).toHaveLength(1);
  });

  it.each(['generated', 'streamed'])('ends the request of the backend when it is aborted, %s', async (way) => {
    const { baseURL, backend } = await startSetup([{ hang: true }]);
    const leave = new AbortController();
    const call = { model: provider(baseURL)('m'), prompt: 'hi', abortSignal: leave.signal };
    const result = way === 'generated' ? failureOf(generateText(call)) : collect(streamText(call).stream);
    const post = await backend.waitForPost(1);
    leave.abort();
    const outcome = await result;
    if (Array.isArray(outcome)) expect(outcome.at(-1)).toMatchObject({ type: 'abort' });
    else expect(RetryError.isInstance(outcome)).toBe(false);
    expect(await post.ended).toBe('aborted');
    expect(backend.posts()).toHaveLength(1);
  });
});
