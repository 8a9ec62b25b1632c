import { cepo } from '../../src/approaches/solvers/cepo.ts';
import type { MockReply, ReplyFunction } from '../../src/mock/mock-reply.ts';
import { type SolvingOptions, type SolvingRig, startSolving } from './solving.ts';

const usage = { prompt_tokens: 10, completion_tokens: 3 };
const heats = { plan: 0.55, execute: 0.25, refine: 0.1, final: 0, rate: 0.15 };
type Step = keyof typeof heats;

/** Of each step by the number of such calls before, and by what it is shown. */
export type CepoScript = Partial<Record<Step, (turn: number, material: string) => string | MockReply>>;

/** Tells the steps apart by their temperatures, of which the ratings have one of their own here. */
function script(replies: CepoScript): ReplyFunction {
  const turns = { plan: 0, execute: 0, refine: 0, final: 0, rate: 0 };
  return ({ json }) => {
    const messages = json.messages as { content: string }[];
    const step = stepOf(json);
    const turn = turns[step]++;
    const reply = replies[step]?.(turn, messages.at(-1)?.content ?? '') ?? `${step} ${turn}`;
    return { usage, ...(typeof reply === 'string' ? { content: reply } : reply) };
  };
}

/** The step that a call belongs to. */
export function stepOf({ temperature }: Record<string, unknown>): Step {
  const [step = 'final'] = Object.entries(heats).find(([, heat]) => heat === temperature) ?? [];
  return step as Step;
}

/** A plan of cepo alone, over a backend that plays all steps. */
export function startCepo(
  replies: CepoScript,
  parameters: Record<string, unknown> = {},
  more: Partial<SolvingOptions> = {},
): Promise<SolvingRig> {
  const temperatures = { rate: heats.rate };
  const set = { temperatures, ...parameters };
  return startSolving({ stages: [cepo], plan: 'cepo', parameters: set, script: script(replies), ...more });
}

/** How many calls each step took. */
export function countSteps(sent: readonly Record<string, unknown>[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const call of sent) counts[stepOf(call)] = (counts[stepOf(call)] ?? 0) + 1;
  return counts;
}
