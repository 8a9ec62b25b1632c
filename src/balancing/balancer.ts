import type { Candidate, Tier } from '../types/route.ts';

/** What a choice may depend on beside the candidates themselves. */
export interface Choice {
  /**
   * Stands for the conversation that a call belongs to: equal for all its turns. 0: it belongs to none, or the route
   * does not care.
   */
  readonly affinity: number;
  /** Whether a stream is asked for; whole answers have latencies of their own. */
  readonly stream: boolean;
  /** Bytes of the request, for comparing costs. */
  readonly bytes: number;
  /** At least 0 and less than 1. */
  readonly random: () => number;
}

/**
 * Puts the candidates of a tier in the order in which they are to be tried; failing over is taking the next one. Every
 * candidate comes exactly once, healthy or not. A strategy is one file and one line in `registry.ts`.
 */
export type Balancer = (tier: Tier, choice: Choice) => readonly Candidate[];
