import { wholeCharacters } from '../web/shown-pages.ts';
import { noResultList, type SearchResult } from './search-provider.ts';

/** Characters of a title or a snippet. */
const longest = 1000;
const longestUrl = 2048;

/**
 * Reads a provider's list of results; those without a usable URL are left out, and each URL stands once.
 * @param snippetField where the provider shows some of the page
 * @throws SearchFailure where it is no list
 */
export function readResults(list: unknown, snippetField: string): SearchResult[] {
  if (!Array.isArray(list)) throw noResultList();
  const found = new Map<string, SearchResult>();
  for (const entry of list as readonly (Record<string, unknown> | null)[]) {
    const url = readUrl(entry?.url);
    if (url === undefined || found.has(url)) continue;
    found.set(url, { url, title: plainText(entry?.title), snippet: plainText(entry?.[snippetField]) });
  }
  return [...found.values()];
}

function readUrl(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > longestUrl || !URL.canParse(value)) return undefined;
  const url = new URL(value);
  url.hash = '';
  return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : undefined;
}

/** On one line. */
function plainText(value: unknown): string {
  if (typeof value !== 'string') return '';
  return wholeCharacters(value.slice(0, longest)).replace(/\s+/g, ' ').trim();
}
