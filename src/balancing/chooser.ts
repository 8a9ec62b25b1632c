import type { Strategy } from '../config/route-config.ts';
import type { Candidate, Tier } from '../types/route.ts';
import { AffinityMemory } from './affinity-memory.ts';
import type { Choice } from './balancer.ts';
import type { CandidateHealth } from './candidate-health.ts';
import { balancers } from './registry.ts';

/** Strategies that would tear conversations apart; `weighted` keeps them together by itself, others never move them. */
const scattering: ReadonlySet<Strategy> = new Set(['least-busy', 'lowest-latency']);

/** Puts candidates in order by the strategy of their tier, and keeps conversations where they are. */
export class Chooser {
  readonly #memory: AffinityMemory;

  /** @param now a clock that never goes back, in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#memory = new AffinityMemory(now);
  }

  /**
   * All candidates of a tier, the one to be tried first in front; healthy or not. Those whose breaker would let no call
   * in come after all others. One that is due for a probe keeps its place, or it would never be probed.
   */
  order(tier: Tier, choice: Choice): readonly Candidate[] {
    const { candidates, strategy } = tier;
    if (candidates.length <= 1) return candidates;
    let order = balancers[strategy](tier, choice);
    if (choice.affinity !== 0 && scattering.has(strategy)) {
      order = withFirst(order, this.#memory.recall(choice.affinity));
    }
    return admittedFirst(order);
  }

  /** A call that was put in order was answered: its conversation stays there while that is healthy. */
  served(choice: Choice, candidate: Candidate): void {
    // One without weight only filled in for others.
    if (choice.affinity === 0 || candidate.weight <= 0) return;
    this.#memory.remember(choice.affinity, candidate.health);
  }
}

/** With the candidate in front that fares so, where it is there and trusted. */
function withFirst(order: readonly Candidate[], health: CandidateHealth | undefined): readonly Candidate[] {
  if (health === undefined || health.breaker.state !== 'closed') return order;
  const place = order.findIndex((candidate) => candidate.health === health && candidate.weight > 0);
  if (place <= 0) return order;
  return [order[place] as Candidate, ...order.slice(0, place), ...order.slice(place + 1)];
}

function admittedFirst(order: readonly Candidate[]): readonly Candidate[] {
  for (const candidate of order) {
    if (candidate.health.breaker.admits) continue;
    const admitted: Candidate[] = [];
    const others: Candidate[] = [];
    for (const one of order) (one.health.breaker.admits ? admitted : others).push(one);
    return admitted.concat(others);
  }
  return order;
}
