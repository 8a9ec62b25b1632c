import type { Balancer } from './balancer.ts';
import { byScore, last } from './by-score.ts';
import { lateness } from './weighted.ts';

/**
 * That with the fewest running calls for its weight first; among equals chance decides by weight, so that the shares
 * are right also where hardly anything runs. Those without weight come last.
 */
export const leastBusy: Balancer = ({ candidates }, { random }) => {
  const shuffled = byScore(
    candidates,
    candidates.map(({ weight }) => lateness(weight, random())),
  );
  return byScore(
    shuffled,
    shuffled.map(({ weight, health }) => (weight > 0 ? health.inFlight / weight : last)),
  );
};
