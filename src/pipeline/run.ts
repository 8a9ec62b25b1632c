import type { ApproachRun, Ask } from '../approaches/approach.ts';
import type { ApproachChooser, Chosen } from '../approaches/approach-chooser.ts';
import type { Directory } from '../models/directory.ts';
import type { Answer } from '../types/answer.ts';
import type { Call } from '../types/call.ts';
import type { Caller } from '../types/caller.ts';
import type { Route } from '../types/route.ts';
import type { Stop } from '../types/stop.ts';
import type { Ticket } from '../types/ticket.ts';
import type { Asked, CallerGrant } from './admit-caller.ts';
import type { AskPorts } from './ask-context.ts';
import { attempt } from './attempt.ts';
import type { Attempts } from './attempts.ts';
import { Brake, type BrakePorts } from './brake/brake.ts';
import { admitOrDowngrade } from './downgrade.ts';
import { resolve, resolveName } from './resolve.ts';
import type { Spent } from './settle-caller.ts';

/** What the stages need of the world. */
export interface PipelinePorts extends AskPorts, BrakePorts {
  readonly directory: Directory;
  readonly approaches: ApproachChooser;
}

/** An answer, and what was found out on the way to it. */
export interface Run {
  answer: Answer | undefined;
  /** Of the candidate that was held against its rates last. */
  ticket: Ticket | undefined;
  readonly attempts: Attempts;
  /** What the gateway serves without, where something is gone. */
  readonly degraded?: string | undefined;
  /** The approach at work; left out: a plain call. */
  approach?: ApproachRun;
  /** Where the call goes; left out: that is not known yet. */
  route?: Route;
  /** What is reserved of the caller's limits; left out: it has none, or was refused. */
  admitted?: CallerGrant;
  /** The model that was asked for, where the call goes to another one since a budget is spent. */
  downgradedFrom?: string;
  /** Why its stream was ended before the backend did; left out: it was not. */
  stopped?: Stop;
  /** What it took; left out: it is not over, or nobody wants to know. */
  spent?: Spent;
}

/** A call with all that is decided of it before it is let in. */
interface Planned extends Asked {
  readonly chosen: Chosen;
}

/**
 * The life of a request, from a call to an answer: resolve, reserve of the caller's limits,
 * then ask as the route's approach does. To ask is to try the
 * route's candidates one after the other: each is fitted, admitted, sent to and settled.
 * @param run filled in as it goes, so that it also tells how far a call came that failed
 * @throws GatewayError
 */
export async function runCall(call: Call, caller: Caller, ports: PipelinePorts, run: Run): Promise<Answer> {
  const prefix = approachPrefix(call.model, ports);
  const find = (name: string) => resolve(name, caller, ports.directory);
  const plan = (route: Route): Planned => {
    const chosen = ports.approaches.choose(call, prefix?.name, route.approach, find);
    return { call: chosen.call, route, chosen, approach: chosen.approach };
  };
  const wanted = plan(find(prefix?.model ?? call.model));
  const { chosen, route } = caller.limits === undefined ? wanted : await letIn(wanted, caller, ports, run, plan);
  run.route = route;
  const ask = createAsk(route, caller, ports, run, chosen.trusted);
  const answer = await chosen.approach.run(chosen.call, ask, (begun) => {
    run.approach = begun;
  });
  run.answer = answer;
  return answer;
}

/** Reserves what the call may take; the plan that comes back may be that of a cheaper model. */
async function letIn(
  wanted: Planned,
  caller: Caller,
  ports: PipelinePorts,
  run: Run,
  plan: (route: Route) => Planned,
): Promise<Planned> {
  // The operator names the cheaper model, so that it stands open to everybody whose budget is spent.
  const instead = (model: string) => plan(resolveName(model, ports.directory).route);
  const { admitted, asked, isDowngraded } = await admitOrDowngrade(wanted, caller, ports, instead);
  run.admitted = admitted;
  if (isDowngraded) run.downgradedFrom = wanted.call.model;
  return asked;
}

/**
 * What an approach asks with: the route that the client named, or another model of which the caller may make use.
 * @param trusted names that the operator wrote, which stand open to everybody who may use the route
 */
export function createAsk(
  route: Route,
  caller: Caller,
  ports: PipelinePorts,
  run: Run,
  trusted: ReadonlySet<string> = new Set(),
): Ask {
  const { attempts } = run;
  const { directory, costsWanted } = ports;
  const keepText = costsWanted || run.admitted !== undefined;
  const rated = (ticket: Ticket) => {
    run.ticket = ticket;
  };
  const routeOf = (model: string | undefined) => {
    if (model === undefined) return route;
    return trusted.has(model) ? resolveName(model, directory).route : resolve(model, caller, directory);
  };
  const brake = new Brake(run, ports);
  const ask = (call: Call, model?: string) => {
    const target = routeOf(model);
    const answering = attempt({ call, route: target, caller: caller.name, ports, attempts, rated, keepText });
    if (!brake.isNeeded(call, target)) return answering;
    return answering.then((answer) => brake.hold(answer, call, target));
  };
  const targets = (model?: string) =>
    routeOf(model).candidates.map((candidate) => `${candidate.backend.config.name}:${candidate.model}`);
  return Object.assign(ask, { targets, askedBy: caller.name });
}

/** The approach that stands before a model's name, where the whole is no name by itself. */
export function approachPrefix(
  name: string,
  { approaches, directory }: Pick<PipelinePorts, 'approaches' | 'directory'>,
) {
  const split = approaches.splitPrefix(name);
  return split === undefined || directory.isNamed(name) ? undefined : split;
}
