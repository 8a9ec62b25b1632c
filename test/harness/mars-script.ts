import { mars } from '../../src/approaches/solvers/mars.ts';
import type { MockReply, ReplyFunction } from '../../src/mock/mock-reply.ts';
import { type SolvingOptions, type SolvingRig, startSolving } from './solving.ts';

const usage = { prompt_tokens: 10, completion_tokens: 3 };
/** Of the agents, where nothing else is set. */
export const heats = [0.3, 0.6, 1];

export interface MarsScript {
  /** Of the agent at each of the three temperatures, in the order of its answer calls. */
  readonly answers: readonly (readonly (string | MockReply)[])[];
  /** By the texts that stand in the call, and by how often the same was verified before. */
  readonly verdict: (material: string, turn: number) => string | MockReply;
  readonly synthesis?: string;
}

/** Tells calls apart: verifying has a temperature of its own, and all else is done by the agents at theirs. */
function script({ answers, verdict, synthesis = 'synthesis' }: MarsScript): ReplyFunction {
  const given = [0, 0, 0];
  const verified = new Map<string, number>();
  return ({ json }) => {
    const messages = json.messages as { content: string }[];
    const material = messages.at(-1)?.content ?? '';
    const of = (reply: string | MockReply) => ({ usage, ...(typeof reply === 'string' ? { content: reply } : reply) });
    if (json.temperature === 0.1) {
      const turn = verified.get(material) ?? 0;
      verified.set(material, turn + 1);
      return of(verdict(material, turn));
    }
    if (messages[0]?.content === 'Q') return of(synthesis); // no instruction of an agent
    const agent = heats.indexOf(json.temperature as number);
    const own = answers[agent] ?? [];
    const turn = given[agent] ?? 0;
    given[agent] = turn + 1;
    return of(own[Math.min(turn, own.length - 1)] ?? '');
  };
}

/** A plan of mars alone, over a backend that plays all agents. */
export function startMars(
  options: MarsScript,
  parameters: Record<string, unknown> = {},
  more: Partial<SolvingOptions> = {},
): Promise<SolvingRig> {
  return startSolving({ stages: [mars], plan: 'mars', parameters, script: script(options), ...more });
}

/** All that a call says to the model. */
export function textOf(call: { readonly messages?: unknown } | undefined): string {
  return JSON.stringify(call?.messages);
}

/** One solution of each agent; the last two agree. */
export const three = [['alpha Answer: 1'], ['beta Answer: 2'], ['gamma Answer: 2']];
