import type { Approach } from '../approaches/approach.ts';
import type { Balancer } from '../balancing/balancer.ts';
import { GatewayError } from '../gateway-error.ts';
import type { Limiter } from '../limits/limiter.ts';
import type { Directory } from '../models/directory.ts';
import type { Answer } from '../types/answer.ts';
import type { Call, FittedCall } from '../types/call.ts';
import type { Caller } from '../types/caller.ts';
import type { Candidate, Route } from '../types/route.ts';
import type { Ticket } from '../types/ticket.ts';
import { admit, standing } from './admit.ts';
import { type Attempts, attempt } from './attempt.ts';
import { type FitPorts, fit } from './fit.ts';
import { resolve } from './resolve.ts';
import { settle } from './settle.ts';

/** What the stages need of the world. */
export interface PipelinePorts extends FitPorts {
  readonly directory: Directory;
  readonly approaches: ReadonlyMap<string, Approach>;
  readonly balancer: Balancer;
  readonly limiter: Limiter;
  /** Told when a model is used that its backend does not declare. */
  readonly undeclared: (candidate: Candidate) => void;
  /** Told of a failure that no client can be told of. */
  readonly failed: (error: unknown) => void;
}

/** An answer, and what was found out on the way to it. */
export interface Run {
  answer: Answer | undefined;
  ticket: Ticket | undefined;
  readonly attempts: Attempts;
}

/**
 * The life of a request, from a call to an answer: resolve, fit, admit, ask, settle.
 * @param run filled in as it goes, so that it also tells how far a call came that failed
 * @throws GatewayError
 */
export async function runCall(call: Call, caller: Caller, ports: PipelinePorts, run: Run): Promise<Answer> {
  const route = resolve(call.model, caller, ports.directory);
  const candidate = route.candidates[0];
  const approach = ports.approaches.get(route.approach);
  if (candidate === undefined || approach === undefined) throw new GatewayError('internal_error', 'an empty route');
  run.attempts.candidate = candidate;
  if (candidate.config === undefined) ports.undeclared(candidate);

  let fitted: FittedCall;
  try {
    const fitting = fit(call, candidate, ports);
    fitted = fitting instanceof Promise ? await fitting : fitting;
  } catch (error) {
    run.ticket = await standing(candidate, ports.limiter);
    throw error;
  }
  const admitting = admit(fitted, candidate, ports.limiter);
  const ticket = admitting instanceof Promise ? await admitting : admitting;
  run.ticket = ticket;

  try {
    const answer = await approach.run(fitted, (asked) => ask(asked, route, ports, run.attempts));
    run.answer = answer;
    settleLater(answer, fitted, candidate, ticket, ports);
    return answer;
  } catch (error) {
    giveBack(ticket, fitted, run.attempts);
    throw error;
  }
}

function ask(call: FittedCall, route: Route, ports: PipelinePorts, attempts: Attempts): Promise<Answer> {
  return attempt(call, route, ports.balancer(route), attempts);
}

function settleLater(
  answer: Answer,
  call: FittedCall,
  candidate: Candidate,
  ticket: Ticket,
  ports: PipelinePorts,
): void {
  if (ticket.reservation === undefined) return;
  answer.finished
    .then((finish) => settle(ticket, call, candidate, finish, ports.counter))
    .catch((error: unknown) => {
      ports.failed(error); // what was reserved then stays reserved until it leaves the window
    });
}

/**
 * A failed call takes no tokens, but one that the client left has had its prompt read; one that never reached a backend
 * takes no place either.
 */
function giveBack(ticket: Ticket, call: FittedCall, attempts: Attempts): void {
  if (attempts.reached) ticket.reservation?.settle(call.signal.aborted ? (call.promptTokens ?? 0) : 0);
  else ticket.reservation?.release();
}
