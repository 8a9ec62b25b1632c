import * as z from 'zod';
import { count } from '../parameters.ts';
import { pagesText } from '../prompts/readurls.ts';
import type { Transform } from '../stage.ts';
import { findUrls } from '../web/find-urls.ts';
import type { Page } from '../web/page.ts';
import { defaultPagePolicy } from '../web/page-policy.ts';

const parameters = z.strictObject({
  timeout: z.number().min(0.1).max(60).default(10).describe('Seconds for each page, look-up and redirects included.'),
  max_bytes: count('Bytes that are read of a page.', 10_000_000, 2_000_000),
  max_characters: count('Characters that are shown of all pages together.', 1_000_000, 100_000),
});

/** No more pages are fetched for one question. */
const mostPages = 20;

/** Fetches the pages whose URLs stand in the question, and shows their text behind it. */
export const readurls: Transform<z.output<typeof parameters>> = {
  kind: 'transform',
  name: 'readurls',
  parameters,
  maximumCalls: () => 0,
  apply: async ({ question, settings, signal }, { timeout, max_bytes, max_characters }) => {
    const urls = findUrls(question, Number.POSITIVE_INFINITY);
    if (urls.length === 0) return '';
    const policy = {
      ...defaultPagePolicy,
      timeoutMs: timeout * 1000,
      maximumBytes: max_bytes,
      allowHosts: settings.readUrlsAllowHosts,
    };
    const { fetchPage } = await import('../web/fetch-page.ts'); // what reads pages is loaded when one is read
    const outcomes = await Promise.all(urls.slice(0, mostPages).map((url) => fetchPage(url, policy, signal)));
    const pages = outcomes.filter((outcome) => outcome.fetched);
    const failed = outcomes.filter((outcome) => !outcome.fetched).map(({ url, message }) => ({ url, why: message }));
    const passedOver = urls
      .slice(mostPages)
      .map((url) => ({ url, why: `no more than ${mostPages} pages are fetched` }));
    return pagesText(shown(pages, max_characters), [...failed, ...passedOver]);
  },
};

/** Short pages are shown whole, and long ones share what these leave. */
function shown(pages: readonly Page[], limit: number) {
  const lengths = new Map<Page, number>();
  let left = limit;
  const byLength = pages.toSorted((one, two) => one.text.length - two.text.length);
  for (const [index, page] of byLength.entries()) {
    const share = Math.floor(left / (byLength.length - index));
    const length = Math.min(page.text.length, share);
    lengths.set(page, length);
    left -= length;
  }
  return pages.map((page) => {
    const text = wholeCharacters(page.text.slice(0, lengths.get(page)));
    return { url: page.url, title: page.title, text, isCut: page.truncated || text.length < page.text.length };
  });
}

/** Without the first half of a character whose second half was cut off. */
function wholeCharacters(text: string): string {
  return /[\uD800-\uDBFF]$/.test(text) ? text.slice(0, -1) : text;
}
