import * as z from 'zod';
import { commonParameters } from '../parameters.ts';
import { failedText, queryRequest, resultsText, type ShownResult } from '../prompts/web-search.ts';
import { cleanQuery, readQuery } from '../search/clean-query.ts';
import type { SearchResult } from '../search/search-provider.ts';
import { missingSearch, searchSettings } from '../search/search-settings.ts';
import type { Task } from '../solver.ts';
import type { Transform } from '../stage.ts';
import { fetchingParameters, fetchPages, mostPageTokens } from '../web/fetch-pages.ts';
import { shownPages } from '../web/shown-pages.ts';

const parameters = z.strictObject({
  helper_max_tokens: commonParameters.helper_max_tokens,
  query: z
    .enum(['question', 'model'])
    .default('question')
    .describe('What is searched for: the beginning of the question, or what a call makes of the conversation.'),
  max_results: z
    .int()
    .min(1)
    .max(20)
    .optional()
    .describe('Results whose pages are fetched, never more than approaches.web_search.max_results, the default.'),
  ...fetchingParameters,
});
type Parameters = z.output<typeof parameters>;

/** Searches the web, fetches the pages that it finds, and shows their text behind the question. */
export const webSearch: Transform<Parameters> = {
  kind: 'transform',
  name: 'web_search',
  parameters,
  maximumCalls: ({ query }) => (query === 'model' ? 1 : 0),
  maximumTokens: mostPageTokens,
  missing: missingSearch,
  apply: async (task, values) => {
    const config = searchSettings(task.settings);
    const query = await queryOf(task, values);
    if (query === '') return '';
    const count = Math.min(values.max_results ?? config.maxResults, config.maxResults);
    const { searchWeb } = await import('../search/search-web.ts'); // loaded when somebody searches
    const outcome = await searchWeb({ config, query, count, timeoutMs: values.timeout * 1000 }, task.signal);
    return outcome.found ? resultsText(await read(outcome.results, task, values)) : failedText(outcome.why);
  },
};

async function queryOf(task: Task, { query }: Parameters): Promise<string> {
  const own = cleanQuery(task.original);
  if (query === 'question') return own;
  const { text } = await task.help({ material: queryRequest, isWhole: true });
  return readQuery(text) || own;
}

/** Each result's page, or what the search showed of it where that can't be fetched. */
async function read(results: readonly SearchResult[], task: Task, values: Parameters): Promise<ShownResult[]> {
  const outcomes = await fetchPages(
    results.map(({ url }) => url),
    values,
    task,
  );
  const shown = shownPages(
    outcomes.filter((outcome) => outcome.fetched),
    values.max_characters,
  ).values();
  return results.map((result, at) => {
    const outcome = outcomes[at];
    if (outcome?.fetched === false) return { ...result, why: outcome.message };
    return { page: shown.next().value as ReturnType<typeof shownPages>[number] };
  });
}
