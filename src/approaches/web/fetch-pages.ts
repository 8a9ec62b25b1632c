import * as z from 'zod';
import type { ApproachesConfig } from '../../config/approaches-config.ts';
import { GatewayError } from '../../gateway-error.ts';
import { count } from '../parameters.ts';
import type { NotFetched, Page } from './page.ts';
import { defaultPagePolicy } from './page-policy.ts';

/** What every approach that fetches pages lets be set of that. */
export const fetchingParameters = {
  timeout: z.number().min(0.1).max(60).default(10).describe('Seconds for each page, look-up and redirects included.'),
  max_bytes: count('Bytes that are read of a page.', 10_000_000, 2_000_000),
  max_characters: count('Characters that are shown of all pages together.', 1_000_000, 100_000),
};

/** The most tokens of all pages together, about: hardly any script has characters of several tokens. */
export function mostPageTokens({ max_characters }: { readonly max_characters: number }): number {
  return max_characters + 4000; // with their addresses and titles
}

/** How pages are fetched: the values of {@link fetchingParameters}. */
export interface Fetching {
  readonly timeout: number;
  readonly max_bytes: number;
}

/**
 * Fetches pages at once, each by the one policy that there is for addresses that strangers gave.
 * @returns in the order of the addresses
 * @throws GatewayError `client_closed_request` where the signal is aborted
 */
export async function fetchPages(
  urls: readonly string[],
  { timeout, max_bytes }: Fetching,
  { settings, signal }: { readonly settings: ApproachesConfig; readonly signal: AbortSignal },
): Promise<(Page | NotFetched)[]> {
  const policy = {
    ...defaultPagePolicy,
    timeoutMs: timeout * 1000,
    maximumBytes: max_bytes,
    allowHosts: settings.readUrlsAllowHosts,
  };
  const { fetchPage } = await import('./fetch-page.ts'); // what reads pages is loaded when one is read
  try {
    return await Promise.all(urls.map((url) => fetchPage(url, policy, signal)));
  } catch (error) {
    if (signal.aborted) throw new GatewayError('client_closed_request', 'the client went away', { cause: error });
    throw error;
  }
}
