import type { JsonIndex } from '../bytes/json-index.ts';
import type { Protocol } from './protocol.ts';

/** One request of a client, as it was sent. */
export interface Call {
  /** The request id: the client's own if it is a sane one. */
  readonly id: string;
  readonly protocol: Protocol;
  /** The model's name as asked for; `''` where it is missing, `null` or empty. */
  readonly model: string;
  readonly body: Buffer;
  /** Where the body's top-level fields stand. */
  readonly fields: JsonIndex;
  /** Whether the client asked for a stream. */
  readonly stream: boolean;
  /** Whether the client asked for the usage chunk of a stream. */
  readonly wantsUsage: boolean;
  /** Of the client's headers those that may go upstream: name, value, name, value ... */
  readonly forwardHeaders: readonly string[];
  /** A header of the request by its lower-case name, for routes that ask for one. */
  readonly header: (name: string) => string | undefined;
  /** Whether it lets others go first where it would have to wait. */
  readonly nice: boolean;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
  /** Milliseconds of `performance.now()`. */
  readonly receivedAt: number;
  /** The same, of the moment when the client gives up, where it says so; no retry is begun for after that. */
  readonly deadlineAt: number | undefined;
}

/** A call that is proven to fit its model's limits. */
export interface FittedCall extends Call {
  /** Prompt tokens as counted exactly; undefined where a bound proved that they fit without counting. */
  readonly promptTokens: number | undefined;
  /** What the client asked for; undefined: nothing. */
  readonly askedOutputTokens: number | undefined;
  /** How many choices were asked for, at least 1. */
  readonly choices: number;
  /** Fields to be added upstream, with their JSON texts: the model's defaults that the client left out. */
  readonly defaults: readonly (readonly [string, string])[];
}
