import type { Candidate } from '../types/route.ts';
import type { Balancer } from './balancer.ts';
import { byScore, last } from './by-score.ts';

/** One of so many calls goes to another than the fastest, which may have become faster since. */
const exploredCalls = 50;

/** Later than whatever was measured; calls that run are added to it. */
const unmeasured = 1e12;

/**
 * The fastest first, by the mean time to the first output of calls of the same kind. One without such a time comes
 * before all others to get one, but only while nothing runs there; otherwise after those that have one. Those without
 * weight come last; apart from that, weights mean nothing here.
 */
export const lowestLatency: Balancer = ({ candidates }, { stream, random }) => {
  const order = byScore(
    candidates,
    candidates.map(({ weight, health }) => {
      if (weight <= 0) return last;
      const mean = health.latency(stream).mean;
      if (mean !== undefined) return mean;
      return health.inFlight === 0 ? -1 : unmeasured + health.inFlight;
    }),
  );
  if (random() * exploredCalls < 1) explore(order, random());
  return order;
};

/** Puts any other that may be tried in front. */
function explore(order: Candidate[], dice: number): void {
  let choices = 0;
  for (let i = 1; i < order.length; i++) if (isExplorable(order[i] as Candidate)) choices++;
  let left = Math.floor(dice * choices);
  for (let i = 1; i < order.length; i++) {
    const candidate = order[i] as Candidate;
    if (!isExplorable(candidate) || left-- > 0) continue;
    order.splice(i, 1);
    order.unshift(candidate);
    return;
  }
}

/** One that never answered has to answer one call before it gets another. */
function isExplorable({ weight, health }: Candidate): boolean {
  const { inFlight, streams, wholes, breaker } = health;
  if (weight <= 0 || !breaker.admits) return false;
  return inFlight === 0 || streams.mean !== undefined || wholes.mean !== undefined;
}
