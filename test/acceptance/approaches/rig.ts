import type { ReplyFunction } from '../../../src/mock/mock-reply.ts';
import { type CandidateScript, candidateScript } from '../../harness/candidate-script.ts';
import { type RoutingOptions, type RoutingRig, startRouting } from '../routing/rig.ts';

// biome-ignore lint/suspicious/noExplicitAny: log lines and answers are read by the names of their fields
export type Json = any;

export interface ApproachRig extends RoutingRig {
  /** The lines of requests that are over, once there are so many. */
  requests(count: number): Promise<Json[]>;
}

/** A gateway whose route `r` answers by an approach over the backend `u`, unless the options say otherwise. */
export async function startApproach(
  route: object,
  { settings, ...options }: Partial<RoutingOptions> & Pick<RoutingOptions, 'backends'>,
): Promise<ApproachRig> {
  const rig = await startRouting({ ...options, settings: { routes: { r: { model: 'u:m', ...route } }, ...settings } });
  const lines = () => rig.gateway.log().filter(({ msg }) => msg === 'request');
  const requests = async (count: number) => {
    while (lines().length < count) await new Promise((resolve) => setTimeout(resolve, 10));
    return lines();
  };
  return { ...rig, requests };
}

/** What a client gets from each of several candidates, and from a judge that rates them in turn. */
export function rated(candidates: readonly string[], ratings: readonly string[], more: Partial<CandidateScript> = {}) {
  return candidateScript({ candidates, shown: (_, turn) => ratings[turn % ratings.length] ?? '', ...more });
}

/** Answers every call alike, whatever `n` says. */
export function always(content: string): ReplyFunction {
  return ({ json }) => ({ content: Array.from({ length: Number(json.n ?? 1) }, () => content) });
}

/** The events of a stream, without `[DONE]`. */
export function eventsIn(text: string): Json[] {
  const lines = text.split('\n').filter((line) => line.startsWith('data: {'));
  return lines.map((line) => JSON.parse(line.slice('data: '.length)));
}
