import type { JsonObject } from '../json-object.ts';
import type { MockUsage } from '../mock-reply.ts';
import { modelsCreated, openai } from './openai.ts';
import type { AnswerPart, Profile } from './profile.ts';

const openPaths = new Set(['/health', '/v1/health', '/models', '/v1/models', '/']);

/** llama.cpp's server. Its loading state is the reply `loading_model`. */
export const llamaServer: Profile = {
  ...openai,
  name: 'llama-server',
  mounts: ['/v1', ''],
  models: ['mock.gguf'],
  headers: { server: 'llama.cpp' },
  reasoning: 'The user wants to hear their own words.',
  errorBody: (status, message, type) => llamaError(status, message, type),
  unauthorized: () => ({ status: 401, json: llamaError(401, 'Invalid API Key', 'authentication_error') }),
  notFound: () => ({ status: 404, json: llamaError(404, 'File Not Found', 'not_found_error') }),
  isOpen: ({ path }) => openPaths.has(path),
  page: ({ method, path }) =>
    method === 'GET' && (path === '/health' || path === '/v1/health') ? { json: { status: 'ok' } } : undefined,
  refusal: (endpoint, body) =>
    endpoint === 'chat/completions' && typeof body.n === 'number' && body.n > 1
      ? { status: 400, json: llamaError(400, 'Only one completion choice is allowed', 'invalid_request_error') }
      : undefined,
  dress,
  listed: (id) => ({
    id,
    object: 'model',
    created: modelsCreated,
    owned_by: 'llamacpp',
    meta: { vocab_type: 2, n_vocab: 128_256, n_ctx_train: 8192, n_embd: 4096, n_params: 8_030_261_312 },
  }),
};

/** The body with which a llama-server refuses everything until its model is there. */
export const loadingModelBody = llamaError(503, 'Loading model', 'unavailable_error');

function llamaError(code: number, message: string, type: string): JsonObject {
  return { error: { code, message, type } };
}

/** `timings` stand in a whole answer and in a stream's last chunk. */
function dress({ place, body, usage }: AnswerPart): JsonObject {
  const marked = { ...body, system_fingerprint: 'b6500-mock' };
  return place === 'chunk' ? marked : { ...marked, timings: timingsOf(usage) };
}

/** As if every prompt token took 1 ms and every token of the answer 10 ms. */
function timingsOf(usage: MockUsage | undefined): JsonObject {
  const promptTokens = usage?.prompt_tokens ?? 0;
  const completionTokens = usage?.completion_tokens ?? 0;
  return {
    cache_n: 0,
    prompt_n: promptTokens,
    prompt_ms: promptTokens,
    prompt_per_token_ms: 1,
    prompt_per_second: 1000,
    predicted_n: completionTokens,
    predicted_ms: completionTokens * 10,
    predicted_per_token_ms: 10,
    predicted_per_second: 100,
  };
}
