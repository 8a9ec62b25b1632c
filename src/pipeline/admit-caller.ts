import type { Approach, Reach } from '../approaches/approach.ts';
import type { Admission, Governor, Grant } from '../limits/governor.ts';
import type { Demand, Limit, Resource } from '../limits/limit.ts';
import type { RateState } from '../limits/limiter.ts';
import { PriceBook } from '../models/price-book.ts';
import type { TokenCounter } from '../models/token-counter.ts';
import type { Call } from '../types/call.ts';
import type { Caller, CallerLimits } from '../types/caller.ts';
import type { Route } from '../types/route.ts';
import {
  countPrompt,
  dearest,
  estimateOutput,
  type OutputEstimate,
  pricesOf,
  promptBound,
  type RoutePrices,
} from './call-size.ts';
import { callerRates } from './caller-rates.ts';
import { callerRefusal, type Refusal, unpriced } from './caller-refusal.ts';
import { ExpectedOutput } from './expected-output.ts';

/** What admitting callers needs of the world. */
export interface AdmissionPorts {
  readonly governor: Governor;
  readonly prices: PriceBook;
  readonly outputs: ExpectedOutput;
  /** Whether somebody wants to know what every call cost, also of callers without a budget. */
  readonly costsWanted: boolean;
  readonly counter: TokenCounter;
}

/** What of it outlives a configuration. */
export type LastingAdmission = Omit<AdmissionPorts, 'counter'>;

/** @param costsWanted see {@link AdmissionPorts} */
export function createAdmission(governor: Governor, costsWanted: boolean): LastingAdmission {
  return { governor, prices: new PriceBook(), outputs: new ExpectedOutput(), costsWanted };
}

/** What is to be admitted. */
export interface Asked {
  readonly call: Call;
  readonly route: Route;
  /** What says how much is done for it at most. */
  readonly approach: Pick<Approach, 'reach' | 'measure'>;
}

/** What a caller's call has reserved of the limits. */
export interface CallerGrant {
  readonly grant: Grant;
  readonly limits: CallerLimits;
  /** What was reserved; where the truth is not known in the end, this counts. */
  readonly demand: Demand;
  readonly asked: Asked;
  /** The caller's name. */
  readonly caller: string;
  /** How the limits stand now, for the headers. */
  readonly rates: () => RateState;
  /** How many answers were asked for at once. */
  readonly choices: number;
  /** The prompt's tokens as they were reserved: counted, or a bound that they do not exceed. */
  readonly promptTokens: number;
}

/** A call that was not let in, with what it would have taken. */
export interface Refused {
  readonly refusal: Refusal;
  readonly demand: Demand;
}

/**
 * Reserves what a call may take of all limits that its caller stands under, in one step: a request, the prompt and the
 * output expected, their price at the dearest candidate, and a place. Where the proven bound of the prompt is refused,
 * or would take all of a limit for an approach, it is counted and tried again.
 * @returns the refusal where there is one, which the one who asks turns into an error or a cheaper model
 * @throws GatewayError `budget_exceeded` where a price is not known
 */
export async function admitCaller(
  asked: Asked,
  caller: Caller,
  limits: CallerLimits,
  ports: AdmissionPorts,
): Promise<CallerGrant | Refused> {
  const { call, route } = asked;
  const needsSize = limits.needsTokens || limits.needsCost;
  const output = needsSize ? estimateOutput(call, route, caller.name, ports.outputs) : noOutput;
  const finding = limits.needsCost ? pricesOf(route, ports.prices, call.protocol.generates) : noPrices;
  const prices = finding instanceof Promise ? await finding : finding;
  if (prices.unknown.length > 0) throw unpriced(prices.unknown, caller);
  const size = { output, prices, bound: limits.bound.limits };
  const rates = () => callerRates(ports.governor.state(limits.bound));
  const granted = { limits, asked, caller: caller.name, choices: output.choices, rates };
  const bound = needsSize ? promptBound(call, route) : 0;
  const { reach } = asked.approach;
  const rough = bound === undefined ? undefined : demandOf(size, bound, reach);
  if (bound !== undefined && rough !== undefined && !(reach.calls > 1 && takesAll(rough, size.bound))) {
    const admission = await take(limits, rough, ports.governor);
    if (admission.admitted) return { grant: admission.grant, ...granted, demand: rough, promptTokens: bound };
    if (!needsSize || !dependsOnSize(admission)) return { refusal: admission, demand: rough };
  }
  const promptTokens = await countPrompt(call, route, ports.counter);
  const demand = demandOf(size, promptTokens, (await asked.approach.measure?.()) ?? reach);
  const admission = await take(limits, demand, ports.governor);
  if (!admission.admitted) return { refusal: admission, demand };
  return { grant: admission.grant, ...granted, demand, promptTokens };
}

/** A refusal as the client gets it. */
export function refusalError({ refusal, demand }: Refused, limits: CallerLimits, governor: Governor) {
  const { resource } = refusal.refusedBy.limit;
  return callerRefusal(refusal, resource === 'concurrent' ? 1 : demand[resource], governor.state(limits.bound));
}

const noOutput: OutputEstimate = { tokens: 0, choices: 1, isAsked: true };
const noPrices: RoutePrices = { all: [], unknown: [] };

function take(limits: CallerLimits, demand: Demand, governor: Governor): Admission | Promise<Admission> {
  return governor.admit(limits.bound, demand);
}

function dependsOnSize({ refusedBy, unavailable }: Refusal): boolean {
  const { resource } = refusedBy.limit;
  return unavailable === undefined && (resource === 'tokens' || resource === 'cost');
}

interface Size {
  readonly output: OutputEstimate;
  readonly prices: RoutePrices;
  readonly bound: readonly Limit[];
}

/**
 * All calls may be as large as the one that was asked for. What is only guessed never asks for more than the whole of a
 * limit, since such a call would never pass.
 */
function demandOf({ output, prices, bound }: Size, prompt: number, { calls, prompts, outputs }: Reach): Demand {
  // Several answers that are asked for at once are calls of their own, but for a plain call.
  const texts = calls === 1 && outputs === 1 ? output.tokens : outputs * (output.tokens / output.choices);
  const full = {
    requests: 1,
    tokens: prompts * prompt + texts,
    cost: prices.all.length === 0 ? 0 : dearest(prices, prompts * prompt, texts),
  };
  if (output.isAsked && calls === 1 && outputs === 1) return full;
  const least = output.isAsked ? output.tokens : 0;
  const known = {
    tokens: prompt + least,
    cost: prices.all.length === 0 ? 0 : dearest(prices, prompt, least),
  };
  return {
    requests: 1,
    tokens: Math.max(known.tokens, Math.min(full.tokens, smallest(bound, 'tokens'))),
    cost: Math.max(known.cost, Math.min(full.cost, smallest(bound, 'cost'))),
  };
}

/** Whether it would leave nothing of a limit to others. */
function takesAll(demand: Demand, limits: readonly Limit[]): boolean {
  return demand.tokens >= smallest(limits, 'tokens') || demand.cost >= smallest(limits, 'cost');
}

function smallest(limits: readonly Limit[], resource: Resource): number {
  let least = Number.POSITIVE_INFINITY;
  for (const limit of limits) if (limit.resource === resource) least = Math.min(least, limit.maximum);
  return least;
}
