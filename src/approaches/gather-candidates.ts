import { settleAll } from './sampling.ts';

/**
 * Waits for candidates that are made at once. Those that fail are left out; a refused key ends all at once.
 * @returns at least one, in order
 * @throws GatewayError of the first, where all fail
 */
export async function gatherCandidates<Candidate>(making: readonly Promise<Candidate>[]): Promise<Candidate[]> {
  const { values, failures } = await settleAll(making);
  if (values.length > 0) return values;
  throw failures[0];
}
