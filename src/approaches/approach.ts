import type { Answer } from '../types/answer.ts';
import type { FittedCall } from '../types/call.ts';

/** Makes one upstream call, with the route's retries. All that an approach sees of the world. */
export type Ask = (call: FittedCall) => Promise<Answer>;

/** Turns a call into an answer by one or several calls. */
export interface Approach {
  readonly name: string;
  /** The most calls that `run` makes; limits are reserved for all of them beforehand. */
  readonly maximumCalls: number;
  run(call: FittedCall, ask: Ask): Promise<Answer>;
}
