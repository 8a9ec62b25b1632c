import type { Balancer } from './balancer.ts';
import { ordered } from './ordered.ts';
import { weighted } from './weighted.ts';

/**
 * Who is asked first where not all can be: as written, or in proportion to the weights where they differ. How many of
 * them race is for the caller to decide.
 */
export const race: Balancer = (tier, choice) => {
  const weight = tier.candidates[0]?.weight;
  for (const candidate of tier.candidates) if (candidate.weight !== weight) return weighted(tier, choice);
  return ordered(tier, choice);
};
