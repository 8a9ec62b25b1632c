import type { Ask } from '../approaches/approach.ts';
import type { ApproachChooser } from '../approaches/approach-chooser.ts';
import type { Directory } from '../models/directory.ts';
import type { Answer } from '../types/answer.ts';
import type { Call } from '../types/call.ts';
import type { Caller } from '../types/caller.ts';
import type { Route } from '../types/route.ts';
import type { Ticket } from '../types/ticket.ts';
import type { AskPorts } from './ask-context.ts';
import { attempt } from './attempt.ts';
import type { Attempts } from './attempts.ts';
import { resolve } from './resolve.ts';

/** What the stages need of the world. */
export interface PipelinePorts extends AskPorts {
  readonly directory: Directory;
  readonly approaches: ApproachChooser;
}

/** An answer, and what was found out on the way to it. */
export interface Run {
  answer: Answer | undefined;
  /** Of the candidate that was held against its rates last. */
  ticket: Ticket | undefined;
  readonly attempts: Attempts;
}

/**
 * The life of a request, from a call to an answer: resolve, then ask as the route's approach does. To ask is to try the
 * route's candidates one after the other: each is fitted, admitted, sent to and settled.
 * @param run filled in as it goes, so that it also tells how far a call came that failed
 * @throws GatewayError
 */
export async function runCall(call: Call, caller: Caller, ports: PipelinePorts, run: Run): Promise<Answer> {
  const prefix = approachPrefix(call.model, ports);
  const route = resolve(prefix?.model ?? call.model, caller, ports.directory);
  const chosen = ports.approaches.choose(call, prefix?.name, route.approach);
  const answer = await chosen.approach.run(chosen.call, createAsk(route, caller, ports, run));
  run.answer = answer;
  return answer;
}

/** What an approach asks with: the route that the client named, or another model of which the caller may make use. */
export function createAsk(route: Route, caller: Caller, ports: PipelinePorts, run: Run): Ask {
  const { attempts } = run;
  const rated = (ticket: Ticket) => {
    run.ticket = ticket;
  };
  return (call, model) => {
    const asked = model === undefined ? route : resolve(model, caller, ports.directory);
    return attempt({ call, route: asked, caller: caller.name, ports, attempts, rated });
  };
}

/** The approach that stands before a model's name, where the whole is no name by itself. */
export function approachPrefix(
  name: string,
  { approaches, directory }: Pick<PipelinePorts, 'approaches' | 'directory'>,
) {
  const split = approaches.splitPrefix(name);
  return split === undefined || directory.isNamed(name) ? undefined : split;
}
