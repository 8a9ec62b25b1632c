import * as z from 'zod';
import { abilities } from '../backend-config.ts';
import { backendUrlProblem } from '../backend-url.ts';
import { credentialHeaderProblem } from '../header-rules.ts';
import { breakerSection, keyPool, prices, queueSection } from './backend-sections.ts';
import { anyText, choice, fieldHints, seconds, text, variableName, wholeNumber } from './fields.ts';

/** What a backend has where its file says nothing, in the units of the file. */
export const backendDefaults = {
  auth_type: 'bearer',
  timeout: 600,
  max_retries: 2,
  retry_delay: 0.5,
  loading_wait: 30,
  tokenizer: 'o200k_base',
} as const;

function tokens(description: string, example: number) {
  return wholeNumber(description, { minimum: 1, example }).optional();
}

const limits = z
  .strictObject({
    context_window: tokens('The most tokens of input and output together.', 128_000),
    max_input_tokens: tokens('The most tokens of the input alone.', 100_000),
    max_output_tokens: tokens('The most tokens of the output alone.', 16_000),
    requests_per_minute: tokens('The most calls in any span of 60 seconds.', 60),
    tokens_per_minute: tokens('The most tokens in any span of 60 seconds, input and output together.', 1_000_000),
  })
  .describe('Limits of this model. All are optional and work alone.');

const model = z
  .strictObject({
    limits: limits.optional(),
    parameters: z
      .record(z.string(), z.unknown().describe('A value, sent as JSON.'))
      .describe('Defaults for request fields: each is added to requests that lack the field. What a client sends wins.')
      .optional(),
    tokenizer: text(
      'How this model counts tokens: a built-in encoding, or the path of a tokenizer.json relative to this file.',
      {
        expects: 'o200k_base, cl100k_base or the path of a tokenizer.json',
        example: 'o200k_base',
      },
    ).default(backendDefaults.tokenizer),
    abilities: z
      .array(choice('One thing that it can do.', abilities))
      .describe(
        'What this model can do; a route sends what needs more elsewhere. Left out: it is taken to do everything.',
      )
      .optional(),
    prices: prices.optional(),
  })
  .describe('One model by its name at the provider.');

/** `backends/<name>/backend.yaml`: one provider. */
export const backendFile = z
  .strictObject({
    backend_type: text(
      '`custom`, or a vendor of the built-in catalogue, whose URL and key variable are then filled in.',
      {
        expects: 'custom or the name of a built-in vendor',
        example: 'custom',
      },
    ),
    api_base_url: text(
      'Where the API is, with its version path. A route such as `/chat/completions` is appended and nothing else. Required with `custom`.',
      {
        expects: 'a URL that begins with http:// or https://',
        example: '"https://api.example.com/v1"',
        check: (value) => backendUrlProblem(value, { query: true, keySetting: 'api_key_env_var' }),
      },
    ).optional(),
    api_key_env_var: variableName(
      'The environment variable that holds the key. Required with `custom` unless `auth_type` is `none`.',
      'MY_API_KEY',
    ).optional(),
    api_key_env_vars: keyPool.optional(),
    auth_type: choice(
      'How the key is sent: `bearer` as `Authorization: Bearer`, `custom` in the header `auth_header`, `none` not at all.',
      ['bearer', 'custom', 'none'],
    ).default(backendDefaults.auth_type),
    auth_header: text('The header that carries the key with `auth_type: custom`.', {
      expects: 'a header name',
      example: 'X-API-Key',
      check: credentialHeaderProblem,
    }).optional(),
    headers: z
      .record(z.string(), anyText('A value, sent as written.', { example: '"org-123"', expects: 'a text (in quotes)' }))
      .describe('Headers for every request to this backend.')
      .optional(),
    models: z
      .record(z.string(), model)
      .describe('The models with limits or defaults. A model that is not listed is passed on without.')
      .optional(),
    default_model: text('The model of requests that name none.', { example: 'my-model' }).optional(),
    timeout: seconds('How long one attempt may take; of a stream, until the first byte and between two.', {
      above: 0,
      maximum: 86_400,
      example: 60,
    }).default(backendDefaults.timeout),
    max_retries: wholeNumber('How often a failed attempt is repeated; 0 means one attempt.', {
      minimum: 0,
      maximum: 10,
      example: 3,
    }).default(backendDefaults.max_retries),
    retry_delay: seconds('How long to wait before the first retry; it doubles with each.', {
      minimum: 0,
      maximum: 60,
      example: 1.5,
    }).default(backendDefaults.retry_delay),
    loading_wait: seconds('How long to wait for a server that is loading its model; 0 is off.', {
      minimum: 0,
      maximum: 86_400,
      example: 30,
    }).default(backendDefaults.loading_wait),
    max_concurrent: wholeNumber('The most calls at a time; more wait in the queue. Left out: any number.', {
      minimum: 1,
      maximum: 1_000_000,
      example: 8,
    }).optional(),
    queue: queueSection.optional(),
    breaker: breakerSection.optional(),
  })
  .describe('One provider with an OpenAI-compatible API.')
  .meta({
    title: 'backend.yaml',
    if: { properties: { backend_type: { const: 'custom' } } },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { required: ['api_base_url'] },
  });

fieldHints.add(backendFile, {
  hints: {
    api_key:
      'unknown field: a key does not stand in this file; put it in an environment variable and write api_key_env_var with the name of the variable',
  },
});

export type BackendFile = z.output<typeof backendFile>;
