import { readResults } from './read-results.ts';
import { SearchFailure, type SearchProvider } from './search-provider.ts';

/** SearXNG, https://docs.searxng.org/dev/search_api.html; a key is for whatever stands before it. */
export const searxng: SearchProvider = {
  baseUrl: undefined,
  // It gives as many as it found, and knows of no number.
  request: (query, _count, key) => ({
    method: 'GET',
    path: `/search?${new URLSearchParams({ q: query, format: 'json' })}`,
    headers: key === undefined ? {} : { authorization: `Bearer ${key.reveal()}` },
  }),
  read: (answer) => {
    const { results, unresponsive_engines: silent } = (answer ?? {}) as Record<string, unknown>;
    const found = readResults(results, 'content');
    if (found.length === 0 && Array.isArray(silent) && silent.length > 0) {
      throw new SearchFailure('it found nothing, and search engines that it asks did not answer');
    }
    return found;
  },
  refusal: (status) =>
    status === 403
      ? 'it answered 403: answers in JSON have to be enabled there, by json in the list search.formats of its settings.yml'
      : undefined,
};
