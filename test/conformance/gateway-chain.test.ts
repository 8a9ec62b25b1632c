import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { type MockServer, startFakeBackend } from '../fake-backend/fake-backend.ts';
import { postJson } from '../fake-backend/http-client.ts';
import { backendYaml, startTestGateway, type TestGateway } from '../harness/test-gateway.ts';
import { ask, collect, failureOf, openaiClient } from './sdk-setup.ts';

interface Chain {
  readonly backend: MockServer;
  readonly inner: TestGateway;
  readonly outer: TestGateway;
  readonly client: OpenAI;
}

interface ChainOptions {
  readonly innerLines?: string;
  readonly outerLines?: string;
  readonly innerSettings?: string;
  readonly innerEnv?: Readonly<Record<string, string>>;
  readonly outerEnv?: Readonly<Record<string, string>>;
}

/** A client, the outer gateway, the inner gateway and a scripted backend in one line. */
async function startChain(script: Parameters<typeof startFakeBackend>[0], options: ChainOptions = {}): Promise<Chain> {
  const backend = await startFakeBackend(script);
  const start = (name: string, url: string, lines: string | undefined, settings = '', env = {}) =>
    startTestGateway({
      files: {
        [`backends/${name}/backend.yaml`]: backendYaml(url, lines),
        'headrace.yaml': `default_backend: ${name}\n${settings}\n`,
      },
      env,
    });
  const inner = await start('deep', backend.baseUrl, options.innerLines, options.innerSettings, options.innerEnv);
  const outer = await start('near', `${inner.url}/v1`, options.outerLines, '', options.outerEnv);
  return { backend, inner, outer, client: openaiClient(`${outer.url}/v1`, { maxRetries: 0 }) };
}

const quick = 'auth_type: none\nretry_delay: 0.01\nmax_retries: 1';
const chat = { model: 'm', messages: ask('one two three') };

describe('a gateway behind a gateway', () => {
  it('gives the same bytes as one alone', async () => {
    const { backend, inner, outer } = await startChain({
      replies: [{ json: { id: 'x', choices: [], n: 1.5e300, usage: null } }],
    });
    const one = await postJson(`${inner.url}/v1/chat/completions`, chat);
    const two = await postJson(`${outer.url}/v1/chat/completions`, { ...chat, model: 'near:deep:m' });
    expect(two.status).toBe(200);
    expect(two.text).toBe(one.text);
    expect(backend.posts()[1]?.body.toString()).toBe(backend.posts()[0]?.body.toString());
  });

  it.each([
    ['0', { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5, prompt_tokens_details: { cached_tokens: 0 } }],
    ['absent', { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }],
    [
      'beside unknown ones',
      {
        prompt_tokens: 3,
        completion_tokens: 2,
        total_tokens: 5,
        prompt_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
        cost: 0.5,
        prompt_cache_hit_tokens: 0,
      },
    ],
    ['null', { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5, prompt_tokens_details: null }],
  ])('keeps cached tokens that are %s, whole and streamed', async (_name, usage) => {
    const { client, outer } = await startChain({ usage });
    const whole = await client.chat.completions.create(chat);
    expect(whole.usage).toEqual(usage);
    const asked = { ...chat, stream: true as const, stream_options: { include_usage: true } };
    const chunks = await collect(await client.chat.completions.create(asked));
    expect(chunks.filter((chunk) => chunk.usage).map((chunk) => chunk.usage)).toEqual([usage]);
    const unasked = await collect(await client.chat.completions.create({ ...chat, stream: true }));
    expect(unasked.filter((chunk) => chunk.usage)).toEqual([]);
    const lines = () => outer.log().filter((line) => line.msg === 'request');
    await expect.poll(lines).toHaveLength(3);
    for (const line of lines()) expect(line).toMatchObject({ status: 200, prompt_tokens: 3, completion_tokens: 2 });
  });

  it('streams each piece at once, and passes the leaving of the client on to the backend', async () => {
    const { client, backend } = await startChain([{ hang_after_chunks: 2 }]);
    const stream = await client.chat.completions.create({ ...chat, stream: true });
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content === 'one') break;
    expect(await backend.posts()[0]?.ended).toBe('aborted');
  });

  it('carries tool calls and reasoning in streams', async () => {
    const tool_calls = [{ name: 'f', arguments: { text: 'ü "quoted"' } }];
    const { client } = await startChain([{ reasoning_content: 'well well', tool_calls }]);
    const message = await client.chat.completions.stream(chat).finalMessage();
    const [call] = message.tool_calls ?? [];
    expect(call?.type === 'function' && JSON.parse(call.function.arguments)).toEqual({ text: 'ü "quoted"' });
    expect(message).toMatchObject({ reasoning_content: expect.stringContaining('well') });
  });

  it('carries embeddings and the list of models', async () => {
    const { client } = await startChain({ models: ['x/y:1b'] });
    const { data } = await client.embeddings.create({ model: 'm', input: 'hello' });
    expect(data[0]?.embedding).toHaveLength(8);
    const ids = (await collect(client.models.list())).map(({ id }) => id);
    expect(ids).toEqual(['near:deep:x/y:1b']);
    const answer = await client.chat.completions.create({ ...chat, model: ids[0] ?? '' });
    expect(answer.model).toBe('x/y:1b');
  });

  it('keeps a 4xx of the backend as it is', async () => {
    const said = { message: 'no such knob', type: 'knob_error', param: 'knob', code: 'bad_knob' };
    const { client, backend } = await startChain([{ status: 422, json: { error: said } }]);
    const error = await failureOf(client.chat.completions.create(chat));
    expect(error).toBeInstanceOf(OpenAI.UnprocessableEntityError);
    expect(error).toMatchObject({ error: said });
    expect(backend.posts()).toHaveLength(1);
  });

  it('keeps the code of a prompt that the inner gateway finds too long', async () => {
    const innerLines = `${quick}\nmodels:\n  m:\n    limits: { max_input_tokens: 5 }`;
    const { client, backend } = await startChain({}, { innerLines });
    const tooLong = await failureOf(client.chat.completions.create({ ...chat, messages: ask('word '.repeat(20)) }));
    expect(tooLong).toBeInstanceOf(OpenAI.BadRequestError);
    expect(tooLong).toMatchObject({ code: 'context_length_exceeded', param: 'messages' });
    expect(backend.posts()).toHaveLength(0);
  });

  it('keeps the detail of an input limit of the inner gateway', async () => {
    const innerLines = `${quick}\nmodels:\n  m:\n    limits: { max_input_tokens: 9 }`;
    const { inner, outer } = await startChain({}, { innerLines });
    const long = { ...chat, messages: ask('word '.repeat(20)) };
    const direct = JSON.parse((await postJson(`${inner.url}/v1/chat/completions`, long)).text);
    const through = JSON.parse((await postJson(`${outer.url}/v1/chat/completions`, long)).text);
    expect(direct.detail).toMatchObject({ code: 'input_limit_exceeded', details: { model: 'm', limit: 9 } });
    expect(through).toEqual(direct);
  });

  it('keeps an output limit of the inner gateway', async () => {
    const innerLines = `${quick}\nmodels:\n  m:\n    limits: { context_window: 100, max_output_tokens: 10 }`;
    const { inner, outer } = await startChain({}, { innerLines });
    const direct = await postJson(`${inner.url}/v1/chat/completions`, { ...chat, max_tokens: 11 });
    const through = await postJson(`${outer.url}/v1/chat/completions`, { ...chat, max_tokens: 11 });
    expect(JSON.parse(direct.text)).toMatchObject({ error: { code: 'output_limit_exceeded', param: 'max_tokens' } });
    expect([through.status, JSON.parse(through.text).error]).toEqual([direct.status, JSON.parse(direct.text).error]);
  });

  it('keeps a rate limit of the inner gateway, with the time to wait', async () => {
    const innerLines = `${quick}\nmodels:\n  m:\n    limits: { requests_per_minute: 1 }`;
    const { client, backend } = await startChain({}, { innerLines });
    const { response } = await client.chat.completions.create(chat).withResponse();
    expect(response.headers.get('x-ratelimit-remaining-requests')).toBe('0');
    const error = await failureOf(client.chat.completions.create(chat));
    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    const { headers, code } = error as InstanceType<typeof OpenAI.RateLimitError>;
    expect(code).toBe('rate_limit_exceeded');
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(30);
    expect(backend.posts()).toHaveLength(1);
  });

  it('says which of the two keys is wrong', async () => {
    const innerSettings = 'keys:\n  - { name: outer, key_env_var: OUTER_KEY }';
    const outerLines = 'api_key_env_var: INNER_KEY';
    const env = { innerEnv: { OUTER_KEY: 'right-key-of-the-outer-gateway' } };
    const wrong = await startChain(
      {},
      { innerSettings, outerLines, ...env, outerEnv: { INNER_KEY: 'wrong-key-1234567' } },
    );
    const refused = await failureOf(wrong.client.chat.completions.create(chat));
    expect(refused).toMatchObject({ status: 502, code: 'upstream_auth_failed' });
    expect((refused as Error).message).toMatch(/backend near .*INNER_KEY.*4567/);
    expect((refused as Error).message).not.toContain('wrong-key');
    expect(wrong.backend.posts()).toHaveLength(0);
    const right = await startChain(
      {},
      { innerSettings, outerLines, ...env, outerEnv: { INNER_KEY: 'right-key-of-the-outer-gateway' } },
    );
    const answer = await right.client.chat.completions.create(chat);
    expect(answer.choices[0]?.message.content).toBe('one two three');
  });

  it('keeps 404 for a model that the inner gateway does not have', async () => {
    const innerSettings = 'keys:\n  - { name: outer, key_env_var: OUTER_KEY, models: ["deep:m"] }';
    const key = 'right-key-of-the-outer-gateway';
    const outerLines = 'api_key_env_var: INNER_KEY';
    const { client } = await startChain(
      {},
      { innerSettings, outerLines, innerEnv: { OUTER_KEY: key }, outerEnv: { INNER_KEY: key } },
    );
    const error = await failureOf(client.chat.completions.create({ ...chat, model: 'missing' }));
    expect(error).toBeInstanceOf(OpenAI.NotFoundError);
    expect(error).toMatchObject({ code: 'model_not_found', type: 'not_found_error', param: 'model' });
  });

  it('keeps the message of a failure, and that it is the fault of the backend', async () => {
    const { client } = await startChain([{ status: 500, json: { error: { message: 'the disk is full' } } }], {
      innerLines: quick,
      outerLines: quick,
    });
    const error = await failureOf(client.chat.completions.create(chat));
    expect(error).toBeInstanceOf(OpenAI.InternalServerError);
    expect(error).toMatchObject({ status: 502, code: 'upstream_error', type: 'upstream_error' });
    expect((error as Error).message).toMatch(/backend near.*backend deep.*500.*the disk is full/);
  });

  it('gives a stream that breaks deep below as the same error event', async () => {
    const { client, backend } = await startChain([{ content: 'one two three', cut_after_chunks: 3 }]);
    let text = '';
    const read = async () => {
      const stream = await client.chat.completions.create({ ...chat, stream: true });
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    };
    const error = await failureOf(read());
    expect(text).toBe('one two');
    expect(error).toMatchObject({ code: 'upstream_error', message: expect.stringContaining('backend deep') });
    expect(backend.posts()).toHaveLength(1);
  });

  it('asks a backend that refused the key only once', async () => {
    const { client, backend } = await startChain([{ status: 401 }], { innerLines: quick, outerLines: quick });
    const error = await failureOf(client.chat.completions.create(chat));
    expect(error).toMatchObject({ status: 502, message: expect.stringContaining('backend deep') });
    expect(backend.posts()).toHaveLength(1);
  });
});
