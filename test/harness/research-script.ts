import { type SearchReply, startSearch } from '../../src/approaches/search/test-search.ts';
import { deepResearch } from '../../src/approaches/solvers/deep-research.ts';
import type { MockReply, ReplyFunction } from '../../src/mock/mock-reply.ts';
import { type SolvingOptions, type SolvingRig, startSolving } from './solving.ts';

const heats = { draft: 0.7, queries: 0.1, gaps: 0.3, revision: 0.6, rating: 0.2, report: 0.5 };
export type ResearchStep = keyof typeof heats;

/** Of each step by the number of such calls before, and by what it is shown. */
export type ResearchScript = Partial<Record<ResearchStep, (turn: number, material: string) => string | MockReply>>;

const usage = { prompt_tokens: 10, completion_tokens: 3 };
const usual: Required<ResearchScript> = {
  draft: () => 'first draft',
  queries: () => '1. one\n2. two\n3. three',
  gaps: (turn) => `1. gap ${turn}`,
  revision: (turn) => `revision ${turn}`,
  rating: () => '{"completeness": 0.95, "quality": 0.9}',
  report: () => 'The report [1].',
};

/** Tells the steps apart by their temperatures. */
function script(replies: ResearchScript): ReplyFunction {
  const turns = { draft: 0, queries: 0, gaps: 0, revision: 0, rating: 0, report: 0 };
  return ({ json }) => {
    const messages = json.messages as { content: string }[];
    const step = researchStepOf(json);
    const reply = (replies[step] ?? usual[step])(turns[step]++, messages.at(-1)?.content ?? '');
    return { usage, ...(typeof reply === 'string' ? { content: reply } : reply) };
  };
}

/** The step that a call belongs to. */
export function researchStepOf({ temperature }: Record<string, unknown>): ResearchStep {
  const [step = 'report'] = Object.entries(heats).find(([, heat]) => heat === temperature) ?? [];
  return step as ResearchStep;
}

export interface ResearchRig extends SolvingRig {
  readonly asked: Awaited<ReturnType<typeof startSearch>>['asked'];
  readonly searchHost: string;
  /** The steps of all calls, in order. */
  steps(): ResearchStep[];
  /** What the calls of a step were shown, in order. */
  shown(step: ResearchStep): string[];
}

/** A plan of deep_research alone, over a backend that plays all steps and a search server. */
export async function startResearch(
  replies: ResearchScript,
  search: SearchReply,
  options: Partial<SolvingOptions> = {},
): Promise<ResearchRig> {
  const { asked, config, host } = await startSearch(search);
  const rig = await startSolving({
    stages: [deepResearch],
    plan: 'deep_research',
    script: script(replies),
    settings: { webSearch: config, readUrlsAllowHosts: ['127.0.0.1'] },
    ...options,
  });
  const material = (call: ReturnType<SolvingRig['sent']>[number]): string => call.messages.at(-1).content;
  return {
    ...rig,
    asked,
    searchHost: host,
    steps: () => rig.sent().map(researchStepOf),
    shown: (step) =>
      rig
        .sent()
        .filter((call) => researchStepOf(call) === step)
        .map(material),
  };
}
