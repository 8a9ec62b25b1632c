import type { Answer } from '../types/answer.ts';
import type { Call } from '../types/call.ts';
import type { ApproachRecord } from '../types/usage-record.ts';

/** Makes upstream calls. All that an approach sees of the world. */
export interface Ask {
  /**
   * One call, with the route's retries and failover.
   * @param model a public name in place of the route that was asked for
   * @throws GatewayError
   */
  (call: Call, model?: string): Promise<Answer>;
  /** `backend:model` of all who may answer such a call, in the order in which they are written. */
  targets(model?: string): readonly string[];
  /** The name of the caller; `anonymous` where the gateway has no keys. */
  readonly askedBy: string; // a function can have no property "caller"
}

/** What an answer takes at most. */
export interface Reach {
  readonly calls: number;
  /** How often, about, the whole prompt is read in them; less than `calls` where they read pieces of it. */
  readonly prompts: number;
  /** How many texts come of them: more than `calls` where one call is asked for several. */
  readonly outputs: number;
}

/** Turns a call into an answer by one or several calls. */
export interface Approach {
  readonly name: string;
  /** What `run` takes at most, as far as that is known without counting tokens. */
  readonly reach: Reach;
  /** The same with the tokens of the question counted; left out: it does not depend on them. */
  measure?(): Promise<Reach>;
  /** @param began given what can be asked at any time of what has been done so far */
  run(call: Call, ask: Ask, began?: (run: ApproachRun) => void): Promise<Answer>;
}

/** An approach at work on one request, or done with it. */
export interface ApproachRun {
  /** What was spent until now. */
  record(): ApproachRecord;
  /** Who gave the reply that became the answer; undefined: there is none yet. */
  answeredBy(): AnsweredBy | undefined;
}

export interface AnsweredBy {
  readonly backend: string;
  readonly model: string;
}
