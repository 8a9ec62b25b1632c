import type { Balancer } from './balancer.ts';
import { byScore, last } from './by-score.ts';

/** In the order in which they are written; those without weight come last. */
export const ordered: Balancer = ({ candidates }) => {
  for (const { weight } of candidates) {
    if (weight <= 0) {
      return byScore(
        candidates,
        candidates.map((one) => (one.weight > 0 ? 0 : last)),
      );
    }
  }
  return candidates;
};
