import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { ask, failureOf, openaiClient, type SetupOptions, startSetup } from '../sdk-setup.ts';

type Script = Parameters<typeof startSetup>[0];

const limited = `auth_type: none
models:
  m:
    limits: { max_input_tokens: 10, max_output_tokens: 20 }
  once:
    limits: { requests_per_minute: 1 }`;
const withKeys: SetupOptions = {
  settingLines: 'keys:\n  - { name: alice, key_env_var: ALICE_KEY, models: ["a:m"] }',
  env: { ALICE_KEY: 'key-of-alice' },
};

/** What the SDK throws for one chat, without a retry of its own. */
async function chatFailure(script: Script, options: SetupOptions = {}, body: object = {}) {
  const { baseURL, backend } = await startSetup(script, options);
  const chat = { model: 'm', messages: ask('hi'), ...body };
  const error = await failureOf(openaiClient(baseURL, { maxRetries: 0 }).chat.completions.create(chat));
  expect(error).toBeInstanceOf(OpenAI.APIError);
  return { error: error as InstanceType<typeof OpenAI.APIError>, backend };
}

describe("the gateway's own refusals in the openai SDK", () => {
  it('are a BadRequestError with context_length_exceeded for a long prompt, streamed or not', async () => {
    for (const stream of [false, true]) {
      const body = { messages: ask('one two three four five six seven eight nine ten'), stream };
      const { error, backend } = await chatFailure({}, { backendLines: limited }, body);
      expect(error).toBeInstanceOf(OpenAI.BadRequestError);
      expect(error).toMatchObject({
        status: 400,
        code: 'context_length_exceeded',
        type: 'invalid_request_error',
        param: 'messages',
      });
      expect(error.message).toMatch(/prompt is too long.* 10 /);
      expect(backend.posts()).toHaveLength(0);
    }
  });

  it('are a BadRequestError with output_limit_exceeded for too much wanted output', async () => {
    for (const field of ['max_tokens', 'max_completion_tokens']) {
      const { error } = await chatFailure({}, { backendLines: limited }, { [field]: 21 });
      expect(error).toBeInstanceOf(OpenAI.BadRequestError);
      expect(error).toMatchObject({ code: 'output_limit_exceeded', param: field });
      expect(error.message).toContain('20');
    }
  });

  it('are a BadRequestError with invalid_request for a body that is wrong', async () => {
    const { error } = await chatFailure({}, {}, { messages: 'hi' });
    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error).toMatchObject({ code: 'invalid_request', param: 'messages' });
  });

  it('are an AuthenticationError for a wrong key', async () => {
    const { error, backend } = await chatFailure({}, withKeys);
    expect(error).toBeInstanceOf(OpenAI.AuthenticationError);
    expect(error).toMatchObject({ status: 401, code: 'invalid_api_key', type: 'authentication_error' });
    expect(error.headers?.get('www-authenticate')).toBe('Bearer');
    expect(error.message).not.toContain('sk-of-the-client');
    expect(backend.posts()).toHaveLength(0);
  });

  it('are a PermissionDeniedError where the role of the key is not enough', async () => {
    const { gateway } = await startSetup({}, withKeys);
    const client = openaiClient(gateway.url, { apiKey: 'key-of-alice', maxRetries: 0 });
    const error = await failureOf(client.get('/metrics'));
    expect(error).toBeInstanceOf(OpenAI.PermissionDeniedError);
    expect(error).toMatchObject({ status: 403, code: 'permission_denied', type: 'permission_error' });
  });

  it('are a NotFoundError for a model that the key may not use, and none for one that it may', async () => {
    const { baseURL } = await startSetup({}, withKeys);
    const client = openaiClient(baseURL, { apiKey: 'key-of-alice' });
    const error = await failureOf(client.chat.completions.create({ model: 'a:other', messages: ask('hi') }));
    expect(error).toBeInstanceOf(OpenAI.NotFoundError);
    expect(error).toMatchObject({ status: 404, code: 'model_not_found', type: 'not_found_error' });
    const answer = await client.chat.completions.create({ model: 'a:m', messages: ask('hi') });
    expect(answer.choices[0]?.message.content).toBe('hi');
  });

  it('are a NotFoundError for a model that is not listed and for a path that is not served', async () => {
    const { baseURL } = await startSetup({}, { backendLines: limited });
    const client = openaiClient(baseURL, { maxRetries: 0 });
    const missing = await failureOf(client.models.retrieve('a:missing'));
    expect(missing).toBeInstanceOf(OpenAI.NotFoundError);
    expect(missing).toMatchObject({ code: 'model_not_found', message: expect.stringContaining('a:m') });
    const unserved = await failureOf(client.images.generate({ prompt: 'a cat' }));
    expect(unserved).toBeInstanceOf(OpenAI.NotFoundError);
    expect(unserved).toMatchObject({ code: 'not_found' });
  });

  it('are a RateLimitError that says when to come again', async () => {
    const { baseURL, backend } = await startSetup({}, { backendLines: limited });
    const client = openaiClient(baseURL, { maxRetries: 0 });
    const body = { model: 'once', messages: ask('hi') };
    const { response } = await client.chat.completions.create(body).withResponse();
    expect(response.headers.get('x-ratelimit-remaining-requests')).toBe('0');
    const error = await failureOf(client.chat.completions.create(body));
    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    expect(error).toMatchObject({ status: 429, code: 'rate_limit_exceeded', type: 'rate_limit_error' });
    const { headers } = error as InstanceType<typeof OpenAI.RateLimitError>;
    const seconds = Number(headers.get('retry-after'));
    expect(seconds).toBeGreaterThanOrEqual(1);
    expect(seconds).toBeLessThanOrEqual(60);
    expect(Math.ceil(Number(headers.get('retry-after-ms')) / 1000)).toBe(seconds);
    expect(headers.get('x-ratelimit-limit-requests')).toBe('1');
    expect(backend.posts()).toHaveLength(1);
  });

  it('are an InternalServerError for a backend whose key is not set', async () => {
    const { error } = await chatFailure({}, { backendLines: 'api_key_env_var: MISSING_KEY' });
    expect(error).toBeInstanceOf(OpenAI.InternalServerError);
    expect(error).toMatchObject({ status: 503, code: 'backend_unavailable' });
    expect(error.message).toContain('MISSING_KEY');
  });
});

describe("a backend's failures in the openai SDK", () => {
  const once = { backendLines: 'auth_type: none\nmax_retries: 0\nloading_wait: 0' };
  const said = {
    message: 'said by the backend',
    type: 'its_own_type',
    param: 'temperature',
    code: 'its_own_code',
    hint: 1,
  };

  it.each([
    [400, OpenAI.BadRequestError],
    [404, OpenAI.NotFoundError],
    [409, OpenAI.ConflictError],
    [422, OpenAI.UnprocessableEntityError],
    [402, OpenAI.APIError],
    [413, OpenAI.APIError],
    [418, OpenAI.APIError],
  ])('with status %i keep it, and their error as it is', async (status, type) => {
    const { error, backend } = await chatFailure([{ status, json: { error: said } }]);
    expect(error).toBeInstanceOf(type);
    expect(error).toMatchObject({
      status,
      error: said,
      code: 'its_own_code',
      param: 'temperature',
      type: 'its_own_type',
    });
    expect(backend.posts()).toHaveLength(1);
  });

  it('that say 401 or 403 are never taken for a wrong key of the gateway', async () => {
    for (const status of [401, 403]) {
      const { error, backend } = await chatFailure([{ status }]);
      expect(error).toBeInstanceOf(OpenAI.InternalServerError);
      expect(error).toMatchObject({ status: 502, code: 'upstream_auth_failed' });
      expect(error.headers?.get('x-should-retry')).toBe('false');
      expect(backend.posts()).toHaveLength(1);
    }
  });

  it('that say the prompt is too long are a BadRequestError with the known code', async () => {
    const message = "This model's maximum context length is 4096 tokens. Your messages resulted in 5000 tokens.";
    const { error, backend } = await chatFailure([{ status: 400, json: { error: { message, code: 400 } } }]);
    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error).toMatchObject({ code: 'context_length_exceeded', message: expect.stringContaining(message) });
    expect(backend.posts()).toHaveLength(1);
  });

  it('that say 429 are a RateLimitError with their own time to wait', async () => {
    const { error } = await chatFailure([{ status: 429, retry_after: 600 }]);
    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    expect(error).toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
    expect(error.headers?.get('retry-after')).toBe('600');
  });

  it.each([500, 501, 502, 503, 529])('with status %i are an InternalServerError that names it', async (status) => {
    const { error } = await chatFailure([{ status, json: { error: said } }], once);
    expect(error).toBeInstanceOf(OpenAI.InternalServerError);
    expect(error).toMatchObject({ status: 502, code: 'upstream_error', type: 'upstream_error' });
    expect(error.message).toMatch(new RegExp(`${status}.*said by the backend`));
  });

  it('with a text that is no JSON are errors of the right class all the same', async () => {
    const page = { text: '<html><h1>418 teapot</h1></html>', headers: { 'content-type': 'text/html' } };
    const { error } = await chatFailure([{ status: 418, ...page }]);
    expect(error).toMatchObject({ status: 418, message: expect.stringContaining('418 teapot') });
    const failed = await chatFailure([{ status: 500, ...page }], once);
    expect(failed.error).toMatchObject({ status: 502, code: 'upstream_error' });
  });

  it('in a compressed body are read, and the answer is not said to be compressed', async () => {
    const { error } = await chatFailure([{ status: 400, json: { error: said }, gzip: true }]);
    expect(error).toMatchObject({ status: 400, error: said });
    expect(error.headers?.has('content-encoding')).toBe(false);
  });

  it('inside of a 200 are an InternalServerError, streamed or not', async () => {
    for (const stream of [false, true]) {
      const { error } = await chatFailure([{ error: said }], once, { stream });
      expect(error).toBeInstanceOf(OpenAI.InternalServerError);
      expect(error).toMatchObject({ status: 502, code: 'upstream_error' });
      expect(error.message).toContain('said by the backend');
    }
  });

  it('before their first byte are an InternalServerError, streamed or not', async () => {
    for (const stream of [false, true]) {
      for (const reply of [{ reset: true }, { cut_after_chunks: 0 }]) {
        const { error } = await chatFailure([reply], once, { stream });
        expect(error).toBeInstanceOf(OpenAI.InternalServerError);
        expect(error.status).toBe(502);
        expect(error.code).toMatch(/^upstream_(unreachable|error)$/);
      }
    }
  });

  it('to answer in time are an InternalServerError with 504', async () => {
    const slow = { backendLines: 'auth_type: none\nmax_retries: 0\ntimeout: 0.2' };
    const { error, backend } = await chatFailure([{ hang: true }], slow);
    expect(error).toBeInstanceOf(OpenAI.InternalServerError);
    expect(error).toMatchObject({ status: 504, code: 'upstream_timeout' });
    expect(await backend.posts()[0]?.ended).toBe('aborted');
  });

  it('while it loads its model are an InternalServerError with a time to wait', async () => {
    const { error } = await chatFailure([{ loading_model: true }], once);
    expect(error).toMatchObject({ status: 503, code: 'backend_unavailable' });
    expect(Number(error.headers?.get('retry-after'))).toBeGreaterThanOrEqual(1);
  });
});
