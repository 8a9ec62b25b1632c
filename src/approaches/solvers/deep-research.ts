import * as z from 'zod';
import { textOf } from '../conversation.ts';
import { commonParameters, count } from '../parameters.ts';
import * as prompts from '../prompts/deep-research.ts';
import { readList } from '../read-list.ts';
import type { Reply } from '../reply.ts';
import { bareQuery } from '../search/clean-query.ts';
import { GatheredSources } from '../search/gathered-sources.ts';
import { isEnough, type ReportScore, readReportScore } from '../search/report-score.ts';
import { missingSearch, searchSettings } from '../search/search-settings.ts';
import { SourceListFilter } from '../search/source-list.ts';
import type { Solver, Task } from '../solver.ts';
import { fetchingParameters } from '../web/fetch-pages.ts';
import { shownPages } from '../web/shown-pages.ts';

const parameters = z.strictObject({
  ...commonParameters,
  iterations: count('How often gaps are named, searched for and closed at most.', 20, 5),
  max_sources: count('Pages that the report rests on at most.', 100, 30),
  ...fetchingParameters,
});

/** Queries of one round. */
const mostQueries = 5;

/**
 * Research on the web: a draft is made better, round by round, by what searches for its gaps find (R. Han and others,
 * "Deep Researcher with Test-Time Diffusion", arXiv 2507.16075).
 */
export const deepResearch: Solver<z.output<typeof parameters>> = {
  kind: 'solver',
  name: 'deep_research',
  parameters,
  keepsFormat: false,
  // A round makes three; the fourth is for a step that is cut off, and asked for once more.
  maximumCalls: ({ iterations }) => 3 + 4 * iterations,
  missing: missingSearch,
  solve: async (task, values) => {
    const { iterations, max_characters } = values;
    const steps = iterations + 2;
    const sources = new GatheredSources(searchSettings(task.settings), values, task);
    const shown = () => shownPages(sources.pages, max_characters);
    task.step(1, steps, 'draft and first searches');
    let [draft] = await Promise.all([firstDraft(task), firstSearches(task, sources)]);

    const scores: ReportScore[] = [];
    for (let iteration = 1; iteration <= iterations; iteration++) {
      task.step(iteration + 1, steps, 'gaps and revision');
      await sources.search(await namedGaps(task, draft.text, sources.searched));
      sources.throwIfNoneWorked();
      const material = prompts.revisionRequest(draft.text, shown());
      draft = await task.help({ material, temperature: 0.6, isWhole: true });
      const score = await rate(task, draft.text);
      offer(task, draft, score, sources);
      scores.push(score);
      if (isEnough(scores)) break;
    }
    task.step(steps, steps, 'report');
    const reply = await task.last({ material: prompts.reportRequest(draft.text, shown()), temperature: 0.5 });
    const metadata = {
      iterations: scores.length,
      scores,
      sources: sources.pages.map(({ url, title }) => ({ url, title })),
    };
    const filter = new SourceListFilter(sources.pages);
    if (reply.isLive) return { reply, filter, metadata };
    return { reply, text: filter.push(textOf(reply.message.content)) + filter.end(), metadata };
  },
};

async function firstDraft(task: Task): Promise<Reply> {
  const draft = await task.help({ material: prompts.draftRequest, temperature: 0.7, isWhole: true });
  task.offer(draft);
  return draft;
}

async function firstSearches(task: Task, sources: GatheredSources): Promise<void> {
  const { text } = await task.help({ material: prompts.queriesRequest, isWhole: true });
  await sources.search(queriesOf(text));
}

async function namedGaps(task: Task, draft: string, searched: readonly string[]): Promise<string[]> {
  const material = prompts.gapsRequest(draft, searched);
  const { text } = await task.help({ material, temperature: 0.3, isWhole: true });
  return /^\W*none\W*$/i.test(text) ? [] : queriesOf(text);
}

function queriesOf(text: string): string[] {
  const queries = readList(text).map(bareQuery);
  return [...new Set(queries)].filter((query) => query !== '').slice(0, mostQueries);
}

async function rate(task: Task, draft: string): Promise<ReportScore> {
  const rating = await task.tryHelp({ material: prompts.ratingRequest(draft), temperature: 0.2 });
  return readReportScore(rating?.text ?? '');
}

/** A revised draft is better than the first, also where nobody can say how good it is. */
function offer(task: Task, draft: Reply, { completeness, quality }: ReportScore, { pages }: GatheredSources): void {
  const filter = new SourceListFilter(pages);
  const content = filter.push(draft.text) + filter.end();
  task.offer({ ...draft, message: { ...draft.message, content } }, (completeness ?? 0) + (quality ?? 0));
}
