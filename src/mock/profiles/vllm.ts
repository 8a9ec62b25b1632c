import { isJsonObject, type JsonObject, listOf } from '../json-object.ts';
import { modelsCreated, openai } from './openai.ts';
import type { AnswerPart, Profile } from './profile.ts';

/** vLLM: guards everything under `/v1` and nothing else, and knows only the models that it serves. */
export const vllm: Profile = {
  ...openai,
  name: 'vllm',
  models: ['meta-llama/Llama-3.1-8B-Instruct'],
  headers: { server: 'uvicorn' },
  errorBody: (status, message, type) => vllmError(status, message, type),
  unauthorized: () => ({ status: 401, json: { error: 'Unauthorized' } }),
  notFound: () => ({ status: 404, json: { detail: 'Not Found' } }),
  isOpen: ({ path }) => !path.startsWith('/v1'),
  page: ({ method, path }) => {
    if (method !== 'GET') return undefined;
    if (path === '/health') return { text: '' };
    return path === '/version' ? { json: { version: '0.10.2' } } : undefined;
  },
  refusal: (_endpoint, body, models) => {
    const { model } = body;
    if (typeof model !== 'string' || models.includes(model)) return undefined;
    return { status: 404, json: vllmError(404, `The model \`${model}\` does not exist.`, 'NotFoundError') };
  },
  dress,
  listed: (id) => ({
    id,
    object: 'model',
    created: modelsCreated,
    owned_by: 'vllm',
    root: id,
    parent: null,
    max_model_len: 8192,
    permission: [],
  }),
};

function vllmError(code: number, message: string, type: string): JsonObject {
  return { object: 'error', message, type, param: null, code };
}

function dress({ kind, place, body }: AnswerPart): JsonObject {
  if (place !== 'whole') return body;
  const choices = listOf(body.choices).map((choice) => {
    if (!isJsonObject(choice)) return choice;
    const message = isJsonObject(choice.message) ? wholeMessage(choice.message) : undefined;
    return { ...choice, ...(message && { message }), stop_reason: null };
  });
  const nulls = { service_tier: null, prompt_logprobs: null, kv_transfer_params: null };
  return { ...body, choices, ...(kind === 'chat' && nulls) };
}

function wholeMessage(message: JsonObject): JsonObject {
  return {
    refusal: null,
    annotations: null,
    audio: null,
    function_call: null,
    tool_calls: [],
    reasoning_content: null,
    ...message,
  };
}
