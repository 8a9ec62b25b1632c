import { describe, expect, it } from 'vitest';
import { overflowFigures, saysOverflow } from './overflow.ts';
import { readErrorBody } from './upstream-error-body.ts';

const read = (body: unknown) => readErrorBody(typeof body === 'string' ? body : JSON.stringify(body));
const said = (message: string, more: object = {}) => ({ error: { message, ...more } });

describe('a prompt that is too long', () => {
  it.each<[string, unknown, number | null, number | null]>([
    [
      'OpenAI',
      said("This model's maximum context length is 4097 tokens. However, your messages resulted in 7575 tokens."),
      4097,
      7575,
    ],
    [
      'OpenAI completions',
      said(
        "This model's maximum context length is 8191 tokens, however you requested 10346 tokens (10346 in your prompt).",
      ),
      8191,
      10_346,
    ],
    [
      'OpenAI, newer models',
      said('Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 300123 tokens.'),
      272_000,
      300_123,
    ],
    ['Azure', said('The request is too large.', { code: 'context_length_exceeded' }), null, null],
    [
      'vLLM',
      {
        object: 'error',
        message: "This model's maximum context length is 16384 tokens. However, your request has 19427 input tokens.",
        code: 400,
      },
      16_384,
      19_427,
    ],
    [
      'vLLM with max_tokens',
      said(
        "'max_tokens' is too large: 2000. This model's maximum context length is 4096 tokens and your request has 2104 input tokens",
      ),
      4096,
      2104,
    ],
    [
      'vLLM, the engine',
      said('The decoder prompt (length 5000) is longer than the maximum model length of 4096.'),
      4096,
      5000,
    ],
    [
      'llama-server',
      said('request (5000 tokens) exceeds the available context size (4096 tokens), try increasing it', {
        type: 'exceed_context_size_error',
        n_prompt_tokens: 5001,
        n_ctx: 4096,
      }),
      4096,
      5001,
    ],
    ['older llama-server', said('the request exceeds the available context size. try increasing it'), null, null],
    [
      'Anthropic',
      said('prompt is too long: 210000 tokens > 200000 maximum', { type: 'invalid_request_error' }),
      200_000,
      210_000,
    ],
    [
      'Anthropic with max_tokens',
      said('input length and `max_tokens` exceed context limit: 174167 + 64000 > 200000, decrease input length'),
      200_000,
      238_167,
    ],
    [
      'Gemini',
      said('The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).'),
      1_048_576,
      1_200_000,
    ],
    ['Vertex', said('The input token count is 1200000 but model only supports up to 1048576.'), 1_048_576, 1_200_000],
    [
      'Mistral',
      {
        message:
          'Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length',
      },
      32_768,
      40_000,
    ],
    [
      'Groq',
      said('Please reduce the length of the messages or completion.', { code: 'context_length_exceeded' }),
      null,
      null,
    ],
    [
      'Cerebras',
      said('Please reduce the length of the messages or completion. Current length is 9000 while limit is 8192'),
      8192,
      9000,
    ],
    [
      'Together',
      said(
        'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4097. Given: 80125 `inputs` tokens and 4096',
      ),
      4097,
      80_125,
    ],
    ['text-generation-inference', said('`inputs` must have less than 1024 tokens. Given: 2000'), 1024, 2000],
    ['Fireworks', said('The prompt is too long: 150000, model maximum context length: 131071'), 131_071, 150_000],
    ['Bedrock', { message: 'Input is too long for requested model.' }, null, null],
    [
      'Bedrock Titan',
      { message: 'Too many input tokens. Max input tokens: 8192, request input token count: 9279 ' },
      8192,
      9279,
    ],
    ['Ollama', { error: 'the input length exceeds the context length' }, null, null],
    ['Ollama, newer', { error: 'prompt too long; exceeded max context length by 4 tokens' }, null, null],
    [
      'LM Studio',
      {
        error:
          'Trying to keep the first 5000 tokens when context overflows. However, the model is loaded with context length of only 4096 tokens',
      },
      4096,
      5000,
    ],
    [
      'LM Studio, another way',
      {
        error:
          'The number of tokens to keep from the initial prompt is greater than the context length (n_keep: 5000>= n_ctx: 4096)',
      },
      4096,
      5000,
    ],
    [
      'xAI',
      said("This model's maximum prompt length is 131072 but the request contains 537812 tokens."),
      131_072,
      537_812,
    ],
    [
      'Cohere',
      { message: 'too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 5000.' },
      4081,
      5000,
    ],
    [
      'Moonshot',
      said('Invalid request: Your request exceeded model token limit: 131072 (requested: 150000)'),
      131_072,
      150_000,
    ],
    [
      'OpenRouter, with a thousands separator',
      said("This endpoint's maximum context length is 131,072 tokens. However, you requested about 254,457 tokens."),
      131_072,
      254_457,
    ],
  ])('%s', (_who, body, limit, measured) => {
    expect(saysOverflow(read(body))).toBe(true);
    expect(overflowFigures(read(body))).toEqual({ model: null, limit, measured });
  });

  it('is told with the figures of another gateway', () => {
    const details = { model: 'big', limit: 10, measured: 12 };
    const body = { ...said('prompt is too long: 1 tokens > 2'), detail: { code: 'input_limit_exceeded', details } };
    expect(overflowFigures(read(body))).toEqual(details);
  });

  it.each([
    'max_tokens must be at least 1',
    'max_tokens is too large: 100000. This model supports at most 16384 completion tokens, whereas you provided 100000.',
    'Invalid max_tokens value, the valid range of max_tokens is [1, 4096]',
    'max_tokens: 9000 > 8192, which is the maximum allowed number of output tokens for this model',
    '`max_tokens` must be less than or equal to `8192`, the maximum value for `max_tokens` is less than the `context_window`',
    'tokens must be an array of integers',
    'Invalid value for logit_bias: unknown token 100000',
    'stop: at most 4 sequences are allowed',
    'Unrecognized request argument supplied: context_length',
    'Request too large for model `x` on tokens per minute (TPM): Limit 6000, Requested 8000',
  ])('is not meant by %j', (message) => {
    expect(saysOverflow(read(said(message, { type: 'invalid_request_error', code: null })))).toBe(false);
  });
});
