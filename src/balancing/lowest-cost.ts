import type { Candidate } from '../types/route.ts';
import type { Balancer } from './balancer.ts';
import { byScore, last } from './by-score.ts';

/** Nobody knows beforehand how long an answer gets; this is an ordinary one. */
const assumedOutputTokens = 500;
const bytesPerToken = 4;

/** Dearer than whatever has both of its prices, and than whatever has one. */
const withoutOutput = 1e100;
const unknown = 1e300;

/**
 * The cheapest first, for a prompt of this size (a token for four bytes) and an answer of 500 tokens; equal ones as
 * written. Those whose price of output is unknown come after the others, by their price of input, as it is with models
 * that have no output; then those of which nothing is known, and last those without weight.
 */
export const lowestCost: Balancer = ({ candidates }, { bytes }) =>
  byScore(
    candidates,
    candidates.map((candidate) => (candidate.weight > 0 ? costOf(candidate, bytes / bytesPerToken) : last)),
  );

/** In nano-dollars, or beyond all sums where they are unknown. */
function costOf({ prices }: Candidate, promptTokens: number): number {
  if (prices?.input === undefined) return unknown;
  const input = prices.input * promptTokens;
  return prices.output === undefined ? withoutOutput * (1 + input) : input + prices.output * assumedOutputTokens;
}
