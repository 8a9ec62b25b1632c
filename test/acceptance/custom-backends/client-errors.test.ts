import { describe, expect, it } from 'vitest';
import { failure, startRig } from './rig.ts';

const key = 'a-key-of-this-test-1234';

describe('a 4xx of the backend', () => {
  it.each([400, 402, 404, 409, 413, 415, 422, 451])(
    'with status %i passes with its status and its error',
    async (status) => {
      const error = {
        message: 'no such thing',
        type: 'their_type',
        param: 'x.y',
        code: 'their_code',
        hint: { a: [1] },
      };
      const { chat, backend } = await startRig({ script: [{ status, json: { error, more: 1 } }] });
      for (const stream of [false, true]) {
        const answer = await chat({ stream });
        expect([answer.status, JSON.parse(answer.text).error]).toEqual([status, error]);
        expect(answer.headers['content-type']).toContain('application/json');
      }
      expect(backend.posts()).toHaveLength(2);
    },
  );

  it.each([
    ['a page', { text: '<html><head><style>x{}</style></head><body>Not <b>here</b></body></html>' }, 'Not here'],
    ['bare text', { text: 'too  many\ncats' }, 'too many cats'],
    ['an error that is a text', { json: { error: 'Unexpected endpoint' } }, 'Unexpected endpoint'],
    ['a message', { json: { object: 'error', message: 'bad value' } }, 'bad value'],
    ['a detail', { json: { detail: 'Field required' } }, 'Field required'],
  ])('with %s for a body gets the envelope, and keeps its status', async (_what, body, said) => {
    const { chat } = await startRig({ script: [{ status: 422, ...body }] });
    const answer = await chat();
    const { status, error } = failure(answer);
    expect([status, error.type]).toEqual([422, 'invalid_request_error']);
    expect(error.message).toContain(said);
    expect(error.message).not.toContain('<');
    expect(Object.keys(error).toSorted()).toEqual(['code', 'message', 'param', 'type']);
    expect(answer.headers['content-type']).toContain('application/json');
  });

  it('without any body gets the envelope, and keeps its status', async () => {
    const { chat } = await startRig({ script: [{ status: 404, text: '' }] });
    const { status, error } = failure(await chat());
    expect(status).toBe(404);
    expect(error.message).not.toBe('');
  });

  it.each([401, 403])('with status %i is our 502, and the backend stays in use', async (status) => {
    const script = [{ status, json: { error: { message: `Incorrect API key provided: ${key}` } } }, {}];
    const { chat, backend, gateway } = await startRig({
      script,
      yaml: 'api_key_env_var: MY_KEY',
      env: { MY_KEY: key },
    });
    const answer = await chat();
    const { error } = failure(answer);
    expect([answer.status, error.code]).toEqual([502, 'upstream_auth_failed']);
    expect(error.message).toContain('backend u');
    expect(error.message).toContain(`127.0.0.1:${backend.port}`);
    expect(error.message).toContain('MY_KEY');
    expect(error.message).toContain('1234');
    expect(answer.headers['x-headrace-attempts']).toBe('1');
    expect(JSON.stringify(gateway.log()) + answer.text).not.toContain(key);
    expect((await chat()).status).toBe(200);
    expect(backend.posts()).toHaveLength(2);
  });
});

/** How servers say that a prompt is too long: a status, and the body. */
const overflows: readonly (readonly [string, string, object, readonly (number | null)[]])[] = [
  [
    'a code',
    'This request is too large for the model.',
    { error: { message: 'This request is too large for the model.', code: 'context_length_exceeded' } },
    [null, null],
  ],
  [
    'a sentence',
    "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens",
    {
      object: 'error',
      message: "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens",
      type: 'BadRequestError',
      code: 400,
    },
    [4096, 5000],
  ],
  [
    'the words that agents look for',
    'prompt is too long: 210000 tokens > 200000 maximum',
    { type: 'error', error: { type: 'x', message: 'prompt is too long: 210000 tokens > 200000 maximum' } },
    [200_000, 210_000],
  ],
  [
    'input and output together',
    'input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000',
    { detail: 'input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000' },
    [200_000, 210_000],
  ],
  [
    'the words of a local server',
    'the request exceeds the available context size, try increasing it',
    { error: { code: 400, message: 'the request exceeds the available context size, try increasing it' } },
    [null, null],
  ],
];

describe('an overflow that the backend reports', () => {
  it.each(overflows)(
    'by %s becomes our context_length_exceeded with its message',
    async (_how, message, json, [limit, measured]) => {
      const { chat, backend } = await startRig({ script: [{ status: 400, json }] });
      for (const stream of [false, true]) {
        const { status, error, detail } = failure(await chat({ stream }));
        expect([status, error.code, error.type]).toEqual([400, 'context_length_exceeded', 'invalid_request_error']);
        expect(error.message).toContain(message);
        expect(detail).toMatchObject({
          code: 'input_limit_exceeded',
          details: { model: 'm', limit, measured },
        });
      }
      expect(backend.posts()).toHaveLength(2);
    },
  );
});
