import type { RouteApproach } from '../config/approaches-config.ts';
import { GatewayError } from '../gateway-error.ts';
import type { Call } from '../types/call.ts';
import type { Route } from '../types/route.ts';
import type { Approach } from './approach.ts';
import { type AskedApproach, readAskedApproach, withoutOwnFields } from './asked-approach.ts';
import { readChatRequest } from './chat-request.ts';
import { plainInstead } from './plain-instead.ts';
import { allPlacedOf, type Branch, checkSetUp, modelsOf, type Plan, parsePlan } from './plan.ts';
import { PlanError } from './plan-error.ts';
import { asksForForm } from './response-format.ts';
import { type ApproachPorts, PlannedApproach } from './run-plan.ts';
import { single } from './single.ts';
import type { Budget } from './spending.ts';
import type { Stage } from './stage.ts';
import { readBudget, tighter } from './tighter-budget.ts';
import { withFormatCheck } from './wrappers/json.ts';

/** What holds for the whole gateway. */
export interface ApproachSettings {
  /** Which approaches a request itself may choose. */
  readonly fromRequest: boolean | ReadonlySet<string>;
  /** No request makes more upstream calls. */
  readonly maxCalls: number;
}

/** An approach, and the call that it is to answer. */
export interface Chosen {
  readonly approach: Approach;
  readonly call: Call;
  /** Public names in the parameters that the operator wrote: whoever may use the route may use them by it. */
  readonly trusted: ReadonlySet<string>;
  /** What is going to be done; undefined: a plain call. */
  readonly plan: Plan | undefined;
  readonly budget: Budget | undefined;
}

/** What the model's name of a request stands for. */
interface Named {
  readonly prefixed: string | undefined;
  readonly route: RouteApproach | undefined;
  readonly find: (model: string) => Route;
}

type Written = Readonly<Record<string, unknown>>;

/** Finds out by which approach a call is answered. */
export class ApproachChooser {
  readonly #stages: ReadonlyMap<string, Stage>;
  readonly #settings: ApproachSettings;
  readonly #ports: ApproachPorts;
  /** The plans of routes, which never change. */
  readonly #plans = new WeakMap<RouteApproach, Plan>();

  constructor(stages: ReadonlyMap<string, Stage>, settings: ApproachSettings, ports: ApproachPorts) {
    this.#stages = stages;
    this.#settings = settings;
    this.#ports = ports;
  }

  /**
   * @param prefixed the approach that stood before the model's name
   * @param route the approach of the route that the name stands for
   * @param find finds the route of a public name for the caller, or throws what a client that asks for it is told
   * @throws GatewayError `invalid_request`, `permission_denied`, or what `find` throws
   */
  choose(
    call: Call,
    prefixed: string | undefined,
    route: RouteApproach | undefined,
    find: (model: string) => Route,
  ): Chosen {
    const asked = readAskedApproach(call);
    if (asked === undefined && prefixed === undefined && route === undefined) return plain(call);
    const own = withoutOwnFields(call);
    try {
      return this.#chosen(own, asked, { prefixed, route, find });
    } catch (error) {
      if (error instanceof PlanError) throw new GatewayError('invalid_request', error.message);
      throw error;
    }
  }

  /** The longest name of an approach or a pipeline that stands before a model's name, with the rest of it. */
  splitPrefix(model: string): { readonly name: string; readonly model: string } | undefined {
    for (let dash = model.lastIndexOf('-'); dash > 0; dash = model.lastIndexOf('-', dash - 1)) {
      const name = model.slice(0, dash);
      const isPlan = name.split(/[&|]/).every((part) => this.#stages.has(part) || part === 'none');
      if (isPlan) return { name, model: model.slice(dash + 1) };
    }
    return undefined;
  }

  #chosen(call: Call, asked: AskedApproach | undefined, { prefixed, route, find }: Named): Chosen {
    const named = route?.approach ?? prefixed;
    if (named !== undefined && asked !== undefined && asked.name !== named) {
      const message = `the model's name stands for the approach "${named}", and the request asks for "${asked.name}"; ask for one of them`;
      throw new GatewayError('invalid_request', message, { param: 'model' });
    }
    const name = named ?? asked?.name ?? 'none';
    if (route === undefined) this.#checkAllowed(name);
    const { plan, budget } = this.#planned(name, asked, route);
    if (isPlain(plan)) return plain(call);
    this.#checkInner(plan, route);
    checkSetUp(plan, this.#ports.settings);
    checkProtocol(call, name);
    const trusted = checkModels(plan, asked, find);
    const instead = plainInstead(call, plan, route?.withTools ?? 'skip');
    if (instead !== undefined) return { ...plain(call), approach: instead };
    const isChecked = asksForForm(call.fields.get('response_format'));
    const checked = isChecked ? withFormatCheck(plan) : plan;
    const approach = new PlannedApproach(checked, budget, this.#ports, readChatRequest(call));
    return { approach, call, trusted, plan: checked, budget };
  }

  #planned(name: string, asked: AskedApproach | undefined, route: RouteApproach | undefined) {
    const { maxCalls } = this.#settings;
    const widest: Budget = { maxCalls, deadlineMs: undefined, maxCost: undefined, whenSpent: 'best' };
    const configured = route === undefined ? widest : tighter(widest, route.budget);
    const budget = asked === undefined ? configured : tighter(configured, readBudget(asked.budget));
    const parameters = asked?.parameters ?? {};
    if (route === undefined || Object.keys(parameters).length > 0) {
      const written = withOwn(name, route?.approachParameters ?? {}, parameters);
      return { plan: parsePlan(name, written, this.#stages), budget };
    }
    return { plan: this.#planOf(route), budget };
  }

  #planOf(route: RouteApproach): Plan {
    const known = this.#plans.get(route);
    if (known !== undefined) return known;
    const plan = parsePlan(route.approach, route.approachParameters, this.#stages);
    this.#plans.set(route, plan);
    return plan;
  }

  /** What a stage may choose among is bound as the stage itself is, unless the operator wrote it. */
  #checkInner(plan: Plan, route: RouteApproach | undefined): void {
    const written = route === undefined ? undefined : this.#planOf(route);
    if (plan === written) return;
    const operators = new Set(written && allPlacedOf(written).map(({ stage }) => stage.name));
    for (const { stage } of allPlacedOf(plan)) {
      if (!operators.has(stage.name)) this.#checkAllowed(stage.name);
    }
  }

  #checkAllowed(name: string): void {
    const { fromRequest } = this.#settings;
    if (name === 'none' || fromRequest === true) return;
    const parts = name.split(/[&|]/).map((part) => part.trim());
    if (fromRequest !== false && parts.every((part) => part === 'none' || fromRequest.has(part))) return;
    const allowed = fromRequest === false ? 'none' : [...fromRequest].join(', ');
    const message = `requests may not choose the approach "${name.slice(0, 100)}" here; those that they may choose: ${allowed}`;
    throw new GatewayError('permission_denied', message);
  }
}

/** The parameters of a route with those of a request in their place; of a pipeline each stage for itself. */
function withOwn(name: string, route: Written, own: Written): Written {
  if (!isPipeline(name)) return { ...route, ...own };
  const merged = Object.entries(own).map(([stage, values]) => {
    const before = route[stage];
    return [stage, isRecord(before) && isRecord(values) ? { ...before, ...values } : values] as const;
  });
  return { ...route, ...Object.fromEntries(merged) };
}

/** Whether the request itself wrote the parameter at a path. */
function isOwn([first, second]: readonly (string | number)[], name: string, own: Written): boolean {
  const values = own[String(first)];
  if (values === undefined || !isPipeline(name)) return values !== undefined;
  return !isRecord(values) || values[String(second)] !== undefined;
}

function isPipeline(name: string): boolean {
  return /[&|]/.test(name);
}

function isRecord(value: unknown): value is Written {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function plain(call: Call): Chosen {
  return { approach: single, call, trusted: new Set(), plan: undefined, budget: undefined };
}

/**
 * Checks the models that a request itself names in parameters.
 * @returns the names of all others
 */
function checkModels(plan: Plan, asked: AskedApproach | undefined, find: Named['find']): ReadonlySet<string> {
  const trusted = new Set<string>();
  for (const { name, path } of modelsOf(plan)) {
    if (!isOwn(path, plan.name, asked?.parameters ?? {})) {
      trusted.add(name);
      continue;
    }
    if (find(name).approach === undefined) continue;
    const message = `the parameter ${path.join('.')} names the route "${name}", which has an approach itself; name a model`;
    throw new GatewayError('invalid_request', message, { param: 'model' });
  }
  return trusted;
}

function isPlain({ branches }: Plan): boolean {
  return branches.every(({ before, solver }: Branch) => before.length === 0 && solver === undefined);
}

function checkProtocol({ protocol }: Call, name: string): void {
  if (protocol.kind === 'chat') return;
  const message = `approaches such as "${name}" are for chat; ${protocol.name} is answered by plain calls only`;
  throw new GatewayError('invalid_request', message);
}
