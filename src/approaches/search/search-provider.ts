import type { Secret } from '../../secret.ts';

/** A page as a search found it, not as it is. */
export interface SearchResult {
  /** Absolute, http or https, without a fragment. */
  readonly url: string;
  readonly title: string;
  /** What the search shows of the page; `''`: nothing. */
  readonly snippet: string;
}

/** One request to a provider, without its host. */
export interface SearchRequest {
  readonly method: 'GET' | 'POST';
  /** Path and query, put behind the base URL. */
  readonly path: string;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The wire format of one provider: all that differs between them. */
export interface SearchProvider {
  /** Where its API is, without a slash at its end; undefined: it runs where its user runs it. */
  readonly baseUrl: string | undefined;
  /** @param key undefined: none is set */
  request(query: string, count: number, key: Secret | undefined): SearchRequest;
  /**
   * The results in an answer with a good status, in order, as the provider gave them.
   * @throws SearchFailure
   */
  read(answer: unknown): readonly SearchResult[];
  /** What a status means with this provider alone, as one clause. */
  refusal?(status: number): string | undefined;
}

/** Why a search came to nothing, as one clause that names no host, no key and no query. */
export class SearchFailure extends Error {}

/** The clause for an answer that is JSON and yet not what the provider gives. */
export function noResultList(): SearchFailure {
  return new SearchFailure('its answer holds no list of results');
}
