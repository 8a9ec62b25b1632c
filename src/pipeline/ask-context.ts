import type { Chooser } from '../balancing/chooser.ts';
import type { Limiter } from '../limits/limiter.ts';
import type { Call } from '../types/call.ts';
import type { Candidate, Route } from '../types/route.ts';
import type { Ticket } from '../types/ticket.ts';
import type { Attempts } from './attempts.ts';
import type { FitPorts } from './fit.ts';

/** What asking candidates needs of the world. */
export interface AskPorts extends FitPorts {
  readonly limiter: Limiter;
  readonly chooser: Chooser;
  /** Told when a model is used that its backend does not declare. */
  readonly undeclared: (candidate: Candidate) => void;
  /** Told of a failure that no client can be told of. */
  readonly failed: (error: unknown) => void;
}

/** One call on its way through the candidates of its route. */
export interface AskContext {
  readonly call: Call;
  readonly route: Route;
  /** The caller's name. */
  readonly caller: string;
  readonly ports: AskPorts;
  readonly attempts: Attempts;
  /** Whether the text of answers is kept, for counting where a backend reports no usage. */
  readonly keepText?: boolean;
  /** Stands for the conversation; 0: none, or nobody asks for it. */
  readonly affinity: number;
  /** Milliseconds of `performance.now()` after which nothing more is tried; undefined: no such time. */
  readonly deadlineAt: number | undefined;
  /** Told how the rates stand where a call was held against them last. */
  readonly rated: (ticket: Ticket) => void;
}
