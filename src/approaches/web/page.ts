/** A page as a model can read it. */
export interface Page {
  readonly fetched: true;
  /** Where it was found in the end, after redirects; without a fragment. */
  readonly url: string;
  /** `''` where it has none. */
  readonly title: string;
  /** Main text of HTML in a plain form of Markdown; any other text as it stands. Never empty. */
  readonly text: string;
  /** Such as `text/html`, lower case, without parameters. */
  readonly contentType: string;
  /** The byte limit was reached: the text is the page's beginning. */
  readonly truncated: boolean;
}

/**
 * Why there is no page: no usable http(s) URL; not allowed (address, scheme or port); the name has no address; no
 * connection, or broken off; too slow; redirected too often or to nowhere; another status than 2xx; a kind of content
 * that is no text; compressed in an unknown or broken way; nothing to read in it.
 */
export type NotFetchedReason =
  | 'invalid_url'
  | 'blocked'
  | 'unresolved'
  | 'connection'
  | 'timeout'
  | 'redirects'
  | 'status'
  | 'content_type'
  | 'encoding'
  | 'empty';

export interface NotFetched {
  readonly fetched: false;
  /** The URL as it was asked for. */
  readonly url: string;
  readonly reason: NotFetchedReason;
  /** One clause for people and models; names no address that a host name resolved to. */
  readonly message: string;
}

/** Thrown inside the fetch, and turned into {@link NotFetched} at its edge. */
export class PageFailure extends Error {
  readonly reason: NotFetchedReason;

  constructor(reason: NotFetchedReason, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'PageFailure';
    this.reason = reason;
  }
}
