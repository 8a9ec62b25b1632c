import type { Candidate } from '../types/route.ts';

/** Up to so many, moving them one by one is faster than anything else. */
const few = 64;

/** The score of what comes after all others. */
export const last = Number.POSITIVE_INFINITY;

/**
 * Candidates by their scores, the least first; equal ones stay in their order.
 * @param scores one for each candidate, none of them NaN; they are changed
 */
export function byScore(candidates: readonly Candidate[], scores: number[]): Candidate[] {
  if (candidates.length > few) return sorted(candidates, scores);
  const order = candidates.slice();
  for (let i = 1; i < order.length; i++) {
    const candidate = order[i] as Candidate;
    const score = scores[i] as number;
    let place = i;
    while (place > 0 && (scores[place - 1] as number) > score) {
      scores[place] = scores[place - 1] as number;
      order[place] = order[place - 1] as Candidate;
      place--;
    }
    scores[place] = score;
    order[place] = candidate;
  }
  return order;
}

function sorted(candidates: readonly Candidate[], scores: readonly number[]): Candidate[] {
  const places = candidates.map((_, place) => place);
  places.sort((one, other) => {
    const first = scores[one] as number;
    const second = scores[other] as number;
    return first < second ? -1 : first > second ? 1 : 0;
  });
  return places.map((place) => candidates[place] as Candidate);
}
