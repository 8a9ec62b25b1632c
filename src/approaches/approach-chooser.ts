import type { RouteApproach } from '../config/approaches-config.ts';
import { GatewayError } from '../gateway-error.ts';
import type { Answer } from '../types/answer.ts';
import type { Call } from '../types/call.ts';
import type { Approach } from './approach.ts';
import { type AskedApproach, readAskedApproach, withoutOwnFields } from './asked-approach.ts';
import { type Branch, type Plan, parsePlan } from './plan.ts';
import { PlanError } from './plan-error.ts';
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
}

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
   * @throws GatewayError `invalid_request` or `permission_denied`
   */
  choose(call: Call, prefixed: string | undefined, route: RouteApproach | undefined): Chosen {
    const asked = readAskedApproach(call);
    if (asked === undefined && prefixed === undefined && route === undefined) return { approach: single, call };
    const own = withoutOwnFields(call);
    try {
      return { approach: this.#approach(own, asked, prefixed, route), call: own };
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

  #approach(
    call: Call,
    asked: AskedApproach | undefined,
    prefixed: string | undefined,
    route: RouteApproach | undefined,
  ): Approach {
    const named = route?.approach ?? prefixed;
    if (named !== undefined && asked !== undefined && asked.name !== named) {
      const message = `the model's name stands for the approach "${named}", and the request asks for "${asked.name}"; ask for one of them`;
      throw new GatewayError('invalid_request', message, { param: 'model' });
    }
    const name = named ?? asked?.name ?? 'none';
    if (route === undefined) this.#checkAllowed(name);
    const { plan, budget } = this.#planned(name, asked, route);
    if (isPlain(plan)) return single;
    checkProtocol(call, name);
    const skipped = whySkipped(call, plan, route?.withTools ?? 'skip');
    if (skipped !== undefined) return skip(skipped, plan);
    const isChecked = call.fields.find('response_format') !== undefined;
    const choices = Math.max(1, Number(call.fields.get('n') ?? 1) || 1);
    return new PlannedApproach(isChecked ? withFormatCheck(plan) : plan, budget, this.#ports, choices);
  }

  #planned(name: string, asked: AskedApproach | undefined, route: RouteApproach | undefined) {
    const { maxCalls } = this.#settings;
    const widest: Budget = { maxCalls, deadlineMs: undefined, maxCost: undefined, whenSpent: 'best' };
    const configured = route === undefined ? widest : tighter(widest, route.budget);
    const budget = asked === undefined ? configured : tighter(configured, readBudget(asked.budget));
    const parameters = asked?.parameters ?? {};
    if (route === undefined || Object.keys(parameters).length > 0) {
      return { plan: parsePlan(name, { ...route?.approachParameters, ...parameters }, this.#stages), budget };
    }
    let plan = this.#plans.get(route);
    if (plan === undefined) {
      plan = parsePlan(name, route.approachParameters, this.#stages);
      this.#plans.set(route, plan);
    }
    return { plan, budget };
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

function isPlain({ branches }: Plan): boolean {
  return branches.every(({ before, solver }: Branch) => before.length === 0 && solver === undefined);
}

function checkProtocol({ protocol }: Call, name: string): void {
  if (protocol.kind === 'chat') return;
  const message = `approaches such as "${name}" are for chat; ${protocol.name} is answered by plain calls only`;
  throw new GatewayError('invalid_request', message);
}

/** Why a call cannot be answered by a plan, so that a plain call is made; undefined: it can. */
function whySkipped(call: Call, { branches }: Plan, withTools: 'skip' | 'error'): string | undefined {
  const tools = call.fields.get('tools');
  const hasTools = Array.isArray(tools) && tools.length > 0 && call.fields.get('tool_choice') !== 'none';
  const takesTools = branches.every(({ before }) => before.some(({ stage }) => stage.name === 'mcp'));
  if (hasTools && !takesTools) {
    if (withTools === 'skip') return 'none; skipped=tools';
    const message = 'approaches are for text, and this route answers no requests with tools; leave "tools" out';
    throw new GatewayError('invalid_request', message, { param: 'tools' });
  }
  const hasFormat = call.fields.find('response_format') !== undefined;
  const ownForm = branches.some(({ solver }) => solver !== undefined && !solver.stage.keepsFormat);
  return hasFormat && ownForm ? 'none; skipped=response_format' : undefined;
}

/** @throws GatewayError where a plain call would send what the plan was to hide */
function skip(reason: string, { branches }: Plan): Approach {
  const hides = branches.some(({ before }) => before.some(({ stage }) => stage.name === 'privacy'));
  if (!hides) return plainWith(reason);
  const what = reason.slice(reason.indexOf('=') + 1);
  const message = `this approach hides personal data, and a request with "${what}" would go out as a plain call that does not; leave "${what}" out`;
  throw new GatewayError('invalid_request', message, { param: what });
}

/** A plain call whose answer says why it is one. */
function plainWith(reason: string): Approach {
  return {
    ...single,
    run: async (call, ask): Promise<Answer> => {
      const answer = await ask(call);
      return { ...answer, headers: [...answer.headers, ['x-headrace-approach', reason]] };
    },
  };
}
