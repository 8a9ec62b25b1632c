import type { Answer } from '../types/answer.ts';
import type { Call } from '../types/call.ts';

/**
 * Makes one upstream call, with the route's retries and failover. All that an approach sees of the world.
 * @param model a public name in place of the route that was asked for
 * @throws GatewayError
 */
export type Ask = (call: Call, model?: string) => Promise<Answer>;

/** Turns a call into an answer by one or several calls. */
export interface Approach {
  readonly name: string;
  /** The most calls that `run` makes; limits are reserved for all of them beforehand. */
  readonly maximumCalls: number;
  run(call: Call, ask: Ask): Promise<Answer>;
}
