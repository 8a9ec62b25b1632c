import { ContextOverflowError } from '@langchain/core/errors';
import { AIMessageChunk, HumanMessage, type ToolMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { collect, failureOf, startSetup } from './sdk-setup.ts';

const usage = {
  prompt_tokens: 7,
  completion_tokens: 3,
  total_tokens: 10,
  prompt_tokens_details: { cached_tokens: 4 },
};

/** The model as a user would make it. */
function chatModel(baseURL: string, model = 'm', maxRetries = 0): ChatOpenAI {
  return new ChatOpenAI({ model, apiKey: 'sk-of-the-client', configuration: { baseURL, logLevel: 'off' }, maxRetries });
}

const getWeather = tool(({ town }) => `rain in ${town}`, {
  name: 'get_weather',
  description: 'the weather of a town',
  schema: z.object({ town: z.string() }),
});

describe("LangChain's ChatOpenAI", () => {
  it('is invoked, with the usage of the backend', async () => {
    const { baseURL, backend } = await startSetup({ usage });
    const message = await chatModel(baseURL, 'a:llama3.2:1b').invoke('one two three');
    expect(message.content).toBe('one two three');
    expect(message.usage_metadata).toMatchObject({
      input_tokens: 7,
      output_tokens: 3,
      total_tokens: 10,
      input_token_details: { cache_read: 4 },
    });
    expect(backend.posts()[0]).toMatchObject({ path: '/v1/chat/completions', model: 'llama3.2:1b' });
  });

  it('streams, with the usage of the backend', async () => {
    const { baseURL } = await startSetup({ usage });
    const chunks = await collect(await chatModel(baseURL).stream('grüße an alle 👋'));
    expect(chunks.length).toBeGreaterThan(3);
    const whole = chunks.reduce((sum, chunk) => sum.concat(chunk));
    expect(whole.content).toBe('grüße an alle 👋');
    expect(whole.usage_metadata).toMatchObject({ input_tokens: 7, output_tokens: 3 });
    expect(whole.response_metadata).toMatchObject({ finish_reason: 'stop' });
  });

  it('calls tools and sends their results', async () => {
    const replies = [
      { tool_calls: [{ name: 'get_weather', arguments: { town: 'Köln' } }] },
      { content: 'take a coat' },
    ];
    const { baseURL, backend } = await startSetup(replies);
    const model = chatModel(baseURL).bindTools([getWeather]);
    const question = new HumanMessage('weather?');
    const first = await model.invoke([question]);
    expect(first.tool_calls).toMatchObject([{ name: 'get_weather', args: { town: 'Köln' }, id: 'call_mock_0_0' }]);
    const call = first.tool_calls?.[0];
    if (call === undefined) throw new Error('no tool call');
    const result = (await getWeather.invoke({ ...call, type: 'tool_call' })) as ToolMessage;
    const second = await model.invoke([question, first, result]);
    expect(second.content).toBe('take a coat');
    expect(backend.posts()[1]?.json.messages).toMatchObject([
      { role: 'user' },
      { role: 'assistant', tool_calls: [{ function: { name: 'get_weather' } }] },
      { role: 'tool', content: 'rain in Köln', tool_call_id: 'call_mock_0_0' },
    ]);
  });

  it('gathers the tool calls of a stream', async () => {
    const calls = ['Köln', 'Oslo'].map((town) => ({ name: 'get_weather', arguments: { town } }));
    const { baseURL } = await startSetup([{ tool_calls: calls }]);
    const chunks = await collect(await chatModel(baseURL).bindTools([getWeather]).stream('weather?'));
    const whole = chunks.reduce((sum, chunk) => sum.concat(chunk), new AIMessageChunk(''));
    expect(whole.tool_calls?.map(({ name, args }) => [name, args])).toEqual([
      ['get_weather', { town: 'Köln' }],
      ['get_weather', { town: 'Oslo' }],
    ]);
  });

  it.each(['jsonSchema', 'functionCalling'] as const)('gives structured output, by %s', async (method) => {
    const value = { name: 'Köln', rivers: ['Rhein'] };
    const reply =
      method === 'jsonSchema'
        ? { content: JSON.stringify(value) }
        : { tool_calls: [{ name: 'city', arguments: value }] };
    const { baseURL } = await startSetup([reply]);
    const schema = z.object({ name: z.string(), rivers: z.array(z.string()) });
    const model = chatModel(baseURL).withStructuredOutput(schema, { name: 'city', method });
    expect(await model.invoke('Köln?')).toEqual(value);
  });

  it('shows errors with their status and code', async () => {
    const { baseURL } = await startSetup([
      { status: 422, json: { error: { message: 'no such knob', code: 'bad_knob' } } },
    ]);
    const error = await failureOf(chatModel(baseURL).invoke('hi'));
    expect(error).toMatchObject({ status: 422, code: 'bad_knob', message: expect.stringContaining('no such knob') });
  });

  it('knows a prompt that is too long, whoever says so', async () => {
    const words = 'one two three four five six seven eight nine ten';
    const backendLines = 'auth_type: none\nmodels:\n  m:\n    limits: { max_input_tokens: 10 }';
    const refusing = await startSetup({}, { backendLines });
    expect(await failureOf(chatModel(refusing.baseURL).invoke(words))).toBeInstanceOf(ContextOverflowError);
    const passing = await startSetup();
    expect(await failureOf(chatModel(passing.baseURL, 'too-long').invoke(words))).toBeInstanceOf(ContextOverflowError);
  });

  it('knows a wrong key and a model that is not there', async () => {
    const settingLines = 'keys:\n  - { name: alice, key_env_var: ALICE_KEY }';
    const keyed = await startSetup({}, { settingLines, env: { ALICE_KEY: 'key-of-alice' } });
    const refused = await failureOf(chatModel(keyed.baseURL).invoke('hi'));
    expect(refused).toMatchObject({ status: 401, lc_error_code: 'MODEL_AUTHENTICATION' });
    const { baseURL } = await startSetup({ profile: 'vllm' });
    const missing = await failureOf(chatModel(baseURL, 'missing').invoke('hi'));
    expect(missing).toMatchObject({ status: 404, lc_error_code: 'MODEL_NOT_FOUND' });
  });

  it('throws where a stream breaks', async () => {
    const { baseURL } = await startSetup([{ content: 'one two three', cut_after_chunks: 3 }]);
    let text = '';
    const read = async () => {
      for await (const chunk of await chatModel(baseURL).stream('hi')) text += chunk.content;
    };
    expect(await failureOf(read())).toMatchObject({ code: 'upstream_error' });
    expect(text).toBe('one two');
  });

  it('ends the request of the backend when it is aborted', async () => {
    const { baseURL, backend } = await startSetup([{ hang: true }]);
    const leave = new AbortController();
    const answer = chatModel(baseURL, 'm', 3).invoke('hi', { signal: leave.signal });
    const post = await backend.waitForPost(1);
    leave.abort();
    await failureOf(answer);
    expect(await post.ended).toBe('aborted');
    expect(backend.posts()).toHaveLength(1);
  });
});

describe("LangChain's OpenAIEmbeddings", () => {
  it('embed documents and questions alike', async () => {
    const { baseURL } = await startSetup();
    const embeddings = new OpenAIEmbeddings({ model: 'm', apiKey: 'sk-x', configuration: { baseURL } });
    const [first, second] = await embeddings.embedDocuments(['one', 'two']);
    expect(first).toHaveLength(8);
    expect(await embeddings.embedQuery('two')).toEqual(second);
    expect(first).not.toEqual(second);
  });
});
