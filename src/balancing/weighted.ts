import type { Candidate } from '../types/route.ts';
import type { Balancer } from './balancer.ts';
import { byScore, last } from './by-score.ts';
import { candidateIdentity } from './candidate-identity.ts';
import { mix } from './mix.ts';

/**
 * Each comes first in proportion to its weight, and of the others the next one likewise; those without weight come last.
 * A conversation has its own order, which holds for all gateways: weighted rendezvous hashing (Thaler and Ravishankar,
 * 1998), so that a new candidate takes over its share and moves nothing else. Other calls are left to chance
 * (Efraimidis and Spirakis, 2006, which is the same computation with dice in place of the hash).
 */
export const weighted: Balancer = ({ candidates }, { affinity, random }) => {
  const conversation = affinity === 0 ? 0 : mix(affinity);
  const scores: number[] = [];
  for (const candidate of candidates) {
    const dice = affinity === 0 ? random() : hashed(conversation, candidate);
    scores.push(lateness(candidate.weight, dice));
  }
  return byScore(candidates, scores);
};

/** At least 0 and less than 1, always the same for a conversation and a candidate. */
function hashed(conversation: number, candidate: Candidate): number {
  return mix(conversation ^ candidateIdentity(candidate)) / 2 ** 32;
}

/**
 * When a candidate arrives whose arrivals are as frequent as its weight says: the least one is first with the
 * probability of its share of the weights.
 * @param dice at least 0 and less than 1
 */
export function lateness(weight: number, dice: number): number {
  return weight > 0 ? -Math.log(1 - dice) / weight : last;
}
