import { readResults } from './read-results.ts';
import { noResultList, type SearchProvider } from './search-provider.ts';

/** Brave Search API, https://api-dashboard.search.brave.com/documentation */
export const brave: SearchProvider = {
  baseUrl: 'https://api.search.brave.com',
  request: (query, count, key) => {
    const fields = { q: query, count: String(count), result_filter: 'web', text_decorations: 'false' };
    return {
      method: 'GET',
      path: `/res/v1/web/search?${new URLSearchParams(fields)}`,
      headers: key === undefined ? {} : { 'x-subscription-token': key.reveal() },
    };
  },
  read: (answer) => {
    const { type, web } = (answer ?? {}) as { type?: unknown; web?: { results?: unknown } | null };
    if (web !== undefined && web !== null) return readResults(web.results, 'description');
    if (type === 'search') return []; // what nothing was found of is left out of the answer
    throw noResultList();
  },
};
