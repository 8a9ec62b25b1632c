import { openai } from './openai.ts';
import type { Profile } from './profile.ts';

/** LM Studio: a path that it does not serve is answered with 200 and an error. */
export const lmStudio: Profile = {
  ...openai,
  name: 'lm-studio',
  models: ['google/gemma-3-4b'],
  headers: { 'x-powered-by': 'Express' },
  errorBody: (_status, message) => ({ error: message }),
  notFound: ({ method, path }) => ({
    status: 200,
    json: { error: `Unexpected endpoint or method. (${method} ${path})` },
  }),
  dress: ({ place, body }) => {
    const marked = { ...body, system_fingerprint: body.model };
    return place === 'whole' ? { ...marked, stats: {} } : marked;
  },
  listed: (id) => ({ id, object: 'model', owned_by: 'organization_owner' }),
};
