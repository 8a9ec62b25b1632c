import * as z from 'zod';
import { pagesText } from '../prompts/readurls.ts';
import type { Transform } from '../stage.ts';
import { fetchingParameters, fetchPages, mostPageTokens } from '../web/fetch-pages.ts';
import { findUrls } from '../web/find-urls.ts';
import { shownPages } from '../web/shown-pages.ts';

const parameters = z.strictObject(fetchingParameters);

/** No more pages are fetched for one question. */
const mostPages = 20;

/** Fetches the pages whose URLs stand in the question, and shows their text behind it. */
export const readurls: Transform<z.output<typeof parameters>> = {
  kind: 'transform',
  name: 'readurls',
  parameters,
  maximumCalls: () => 0,
  maximumTokens: mostPageTokens,
  apply: async (task, values) => {
    const urls = findUrls(task.question, Number.POSITIVE_INFINITY);
    if (urls.length === 0) return '';
    const outcomes = await fetchPages(urls.slice(0, mostPages), values, task);
    const pages = outcomes.filter((outcome) => outcome.fetched);
    const failed = outcomes.filter((outcome) => !outcome.fetched).map(({ url, message }) => ({ url, why: message }));
    const passedOver = urls
      .slice(mostPages)
      .map((url) => ({ url, why: `no more than ${mostPages} pages are fetched` }));
    return pagesText(shownPages(pages, values.max_characters), [...failed, ...passedOver]);
  },
};
