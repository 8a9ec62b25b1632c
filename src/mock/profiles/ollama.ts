import { isJsonObject, type JsonObject, listOf } from '../json-object.ts';
import { modelsCreated, openai, openaiError } from './openai.ts';
import type { AnswerPart, Profile } from './profile.ts';

/** Ollama: takes any key, one choice only, and only models that are pulled. */
export const ollama: Profile = {
  ...openai,
  name: 'ollama',
  models: ['llama3.2:1b', 'hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M'],
  heedsN: false,
  errorBody: (status, message) => openaiError(message, status === 400 ? 'invalid_request_error' : 'api_error', null),
  notFound: () => ({ status: 404, text: '404 page not found' }),
  page: ({ method, path }) => (method === 'GET' && path === '/' ? { text: 'Ollama is running' } : undefined),
  refusal: (_endpoint, body, models) => {
    const model = typeof body.model === 'string' ? body.model : '';
    if (models.includes(model) || models.includes(`${model}:latest`)) return undefined;
    return { status: 404, json: openaiError(`model "${model}" not found, try pulling it first`, 'api_error', null) };
  },
  dress,
  listed: (id) => ({ id, object: 'model', created: modelsCreated, owned_by: 'library' }),
};

/** Every chunk of its streams repeats the role and has a content, also the one with the finish reason. */
function dress({ kind, place, body }: AnswerPart): JsonObject {
  const marked = { ...body, system_fingerprint: 'fp_ollama' };
  if (kind !== 'chat' || place === 'whole') return marked;
  const choices = listOf(body.choices).map((choice) => {
    if (!isJsonObject(choice) || !isJsonObject(choice.delta)) return choice;
    return { ...choice, delta: { role: 'assistant', content: '', ...choice.delta } };
  });
  return { ...marked, choices };
}
