import { readResults } from './read-results.ts';
import type { SearchProvider } from './search-provider.ts';

/** Tavily Search, https://docs.tavily.com */
export const tavily: SearchProvider = {
  baseUrl: 'https://api.tavily.com',
  request: (query, count, key) => ({
    method: 'POST',
    path: '/search',
    headers: {
      'content-type': 'application/json',
      ...(key !== undefined && { authorization: `Bearer ${key.reveal()}` }),
    },
    body: JSON.stringify({ query, max_results: count }),
  }),
  read: (answer) => readResults((answer as { results?: unknown } | null)?.results, 'content'),
  refusal: (status) => (status === 432 || status === 433 ? `it answered ${status}: the plan is used up` : undefined),
};
