import type { JsonObject } from '../json-object.ts';
import type { MockReply } from '../mock-reply.ts';
import type { Profile } from './profile.ts';

/** 2024-01-01, so that lists of models do not change from run to run. */
export const modelsCreated = 1_704_067_200;

export function openaiError(
  message: string,
  type: string,
  code: string | null,
  param: string | null = null,
): JsonObject {
  return { error: { message, type, param, code } };
}

/** OpenAI's own shapes: the base of the other profiles. */
export const openai: Profile = {
  name: 'openai',
  mounts: ['/v1'],
  models: [],
  headers: {},
  heedsN: true,
  reasoning: undefined,
  errorBody: (_status, message, type, code) => openaiError(message, type, code),
  unauthorized: (keyGiven): MockReply => {
    const message = keyGiven ? 'Incorrect API key provided.' : "You didn't provide an API key.";
    return { status: 401, json: openaiError(message, 'invalid_request_error', keyGiven ? 'invalid_api_key' : null) };
  },
  notFound: ({ method, path }) => ({
    status: 404,
    json: openaiError(`Invalid URL (${method} ${path})`, 'invalid_request_error', null),
  }),
  isOpen: () => false,
  page: () => undefined,
  refusal: () => undefined,
  dress: ({ body }) => body,
  listed: (id) => ({ id, object: 'model', created: modelsCreated, owned_by: 'mock' }),
};
