import type { MockReply, MockScript } from '../fake-backend/fake-backend.ts';

type ProfileName = NonNullable<MockScript['profile']>;

/** One exchange of a client with the gateway in front of one kind of local server. */
export interface WireCase {
  readonly profile: ProfileName;
  /** The golden file is `goldens/<profile>.<name>.golden.http`. */
  readonly name: string;
  /** The request's body as it is sent; none: `GET /v1/models`. */
  readonly body?: string;
  readonly replies?: readonly MockReply[];
  readonly requireKey?: string;
  /** What stands behind the server's own address in place of its `/v1`. */
  readonly path?: string;
  /** Further lines of the `backend.yaml`. */
  readonly lines?: string;
  /** Whether the client gets the server's bytes: `all`, or all but the usage that the gateway asked for. */
  readonly passes?: 'all' | 'all but usage';
}

const models: Readonly<Record<string, string>> = {
  'llama-server': 'mock.gguf',
  ollama: 'llama3.2:1b',
  'lm-studio': 'google/gemma-3-4b',
  vllm: 'meta-llama/Llama-3.1-8B-Instruct',
};

/** A body with what a parser would spoil: white space, key order, number spellings, escapes, unknown fields. */
function oddBody(profile: ProfileName, more: string): string {
  const model = `local:${models[profile]}`;
  return `{ "seed": 12345678901234567890,  "temperature":1.0, "model" : ${JSON.stringify(model)},
    "min_p": 5e-2, "cache_prompt":true, "chat_template_kwargs": {"enable_thinking":false, "model":"inner"},
    "messages":[{"content":"gr\\u00fc\\u00dfe \\ud83d\\udc4b an/alle\\/", "role":"user"}]${more} }`;
}

function plainBody(model: string, more: object = {}): string {
  return JSON.stringify({ model: `local:${model}`, messages: [{ role: 'user', content: 'one two three' }], ...more });
}

const everywhere = (Object.keys(models) as ProfileName[]).flatMap((profile): WireCase[] => [
  { profile, name: 'chat', body: oddBody(profile, ''), passes: 'all' },
  { profile, name: 'stream', body: oddBody(profile, ', "stream": true'), passes: 'all but usage' },
  {
    profile,
    name: 'stream-with-usage',
    body: oddBody(profile, ', "stream_options":{ "include_usage":true }, "stream":true'),
    passes: 'all',
  },
  {
    profile,
    name: 'error-in-stream',
    body: plainBody(models[profile] ?? '', { stream: true }),
    replies: [{ error: { message: 'out of memory', type: 'server_error' }, error_after_chunks: 2 }],
  },
  {
    profile,
    name: 'stream-cut',
    body: plainBody(models[profile] ?? '', { stream: true }),
    replies: [{ cut_after_chunks: 3 }],
  },
  { profile, name: 'models' },
]);

const refusedKeys = (['llama-server', 'vllm'] as const).map((profile): WireCase => {
  return { profile, name: 'key-refused', body: plainBody(models[profile] ?? ''), requireKey: 'key-of-the-server' };
});

const errors: readonly WireCase[] = [
  { profile: 'llama-server', name: 'several-choices', body: plainBody('mock.gguf', { n: 2 }) },
  {
    profile: 'llama-server',
    name: 'loading',
    body: plainBody('mock.gguf'),
    replies: [{ loading_model: true }],
    lines: 'loading_wait: 0',
  },
  { profile: 'llama-server', name: 'wrong-path', body: plainBody('mock.gguf'), path: '/v2' },
  { profile: 'ollama', name: 'model-not-pulled', body: plainBody('mistral') },
  { profile: 'ollama', name: 'wrong-path', body: plainBody('llama3.2:1b'), path: '/api' },
  { profile: 'lm-studio', name: 'wrong-path', body: plainBody('google/gemma-3-4b'), path: '/v1/v1' },
  {
    profile: 'lm-studio',
    name: 'wrong-path-streamed',
    body: plainBody('google/gemma-3-4b', { stream: true }),
    path: '/v2',
  },
  { profile: 'vllm', name: 'model-not-served', body: plainBody('missing') },
  { profile: 'vllm', name: 'wrong-path', body: plainBody('meta-llama/Llama-3.1-8B-Instruct'), path: '/v2' },
];

/** How each server says that a prompt is too long: several have no code for it, or the wrong status. */
const overflows: readonly WireCase[] = [
  overflow('llama-server', 'prompt-too-long', 400, {
    error: {
      code: 400,
      message: 'request (5000 tokens) exceeds the available context size (4096 tokens)',
      type: 'exceed_context_size_error',
      n_prompt_tokens: 5000,
      n_ctx: 4096,
    },
  }),
  overflow('llama-server', 'prompt-too-long-500', 500, {
    error: {
      code: 500,
      message: 'does not fit',
      type: 'exceed_context_size_error',
      n_prompt_tokens: 5000,
      n_ctx: 4096,
    },
  }),
  overflow('ollama', 'prompt-too-long', 400, {
    error: { message: 'the input length exceeds the context length', type: 'api_error', param: null, code: null },
  }),
  overflow('lm-studio', 'prompt-too-long', 400, {
    error: 'The model is loaded with context length of only 4096 tokens, which is not enough.',
  }),
  overflow('lm-studio', 'prompt-too-long-n-keep', 400, {
    error: 'Cannot truncate prompt with n_keep (5000) >= n_ctx (4096)',
  }),
  overflow('vllm', 'prompt-too-long', 400, {
    object: 'error',
    message: "This model's maximum context length is 8192 tokens, and the messages have 9000 tokens.",
    type: 'BadRequestError',
    param: null,
    code: 400,
  }),
];

function overflow(profile: ProfileName, name: string, status: number, json: object): WireCase {
  return { profile, name, body: plainBody(models[profile] ?? ''), replies: [{ status, json }] };
}

export const wireCases: readonly WireCase[] = [...everywhere, ...refusedKeys, ...errors, ...overflows];
