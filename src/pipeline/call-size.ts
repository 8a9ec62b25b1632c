import { costOf, type TokenPrices } from '../models/cost.ts';
import type { PriceBook } from '../models/price-book.ts';
import { tokenBound } from '../models/token-bound.ts';
import type { TokenCounter } from '../models/token-counter.ts';
import type { Call } from '../types/call.ts';
import type { Candidate, Route } from '../types/route.ts';
import type { ExpectedOutput } from './expected-output.ts';
import { readChoices, readOutputTokens } from './output-fields.ts';

/** Output where neither the request nor the model says how much it may be. */
const usualOutput = 1024;

/** The output that a call may have. */
export interface OutputEstimate {
  readonly tokens: number;
  /** How many answers it is for. */
  readonly choices: number;
  /** Whether the request itself says so; otherwise it is a guess, which must not keep a call out for ever. */
  readonly isAsked: boolean;
}

/**
 * The output expected of a call: what this caller's answers of this model had before, at most what was asked for.
 * Without any, what was asked for, or the most that the model gives.
 * @throws GatewayError `invalid_request` where the fields are no numbers
 */
export function estimateOutput(call: Call, route: Route, caller: string, outputs: ExpectedOutput): OutputEstimate {
  if (!call.protocol.generates) return { tokens: 0, choices: 1, isAsked: true };
  const choices = readChoices(call.fields);
  const asked = readOutputTokens(call.fields)?.tokens;
  const before = outputs.expect(caller, route.name);
  if (asked !== undefined) return { tokens: choices * Math.min(asked, before ?? asked), choices, isAsked: true };
  const most = largestOutput(route);
  return {
    tokens: choices * Math.min(before ?? most ?? usualOutput, most ?? Number.POSITIVE_INFINITY),
    choices,
    isAsked: false,
  };
}

/** The most output that a candidate gives; undefined: one of them says nothing. */
function largestOutput({ candidates }: Route): number | undefined {
  let largest = 0;
  for (const { config } of candidates) {
    const most = defaultOutput(config?.parameters) ?? config?.limits.maxOutputTokens;
    if (most === undefined) return undefined;
    largest = Math.max(largest, most);
  }
  return largest;
}

function defaultOutput(parameters: ReadonlyMap<string, string> | undefined): number | undefined {
  const text = parameters?.get('max_tokens') ?? parameters?.get('max_completion_tokens');
  return text === undefined ? undefined : Number(text);
}

/** A number of tokens that the prompt does not exceed at any candidate, at the price of some searches; undefined: unknown. */
export function promptBound(call: Call, route: Pick<Route, 'candidates'>): number | undefined {
  let bound: number | undefined;
  for (const tokenizer of tokenizersOf(route)) {
    const one = tokenBound(call.body, tokenizer);
    if (one === undefined) return undefined;
    bound = Math.max(bound ?? 0, one);
  }
  return bound;
}

/** The prompt's tokens, counted: the most of all candidates. */
export async function countPrompt(
  call: Call,
  route: Pick<Route, 'candidates'>,
  counter: TokenCounter,
): Promise<number> {
  let most = 0;
  for (const tokenizer of tokenizersOf(route)) {
    const { total } = await counter.measure(call.protocol.kind, call.body, tokenizer, call.signal);
    most = Math.max(most, total);
  }
  return most;
}

function tokenizersOf({ candidates }: Pick<Route, 'candidates'>): Iterable<string> {
  const [first, ...others] = candidates;
  const own = tokenizerOf(first);
  return others.length === 0 ? [own] : new Set([own, ...others.map(tokenizerOf)]);
}

export function tokenizerOf(candidate: Candidate | undefined): string {
  return candidate?.config?.tokenizer ?? 'o200k_base';
}

/** The prices of all candidates of a route. */
export interface RoutePrices {
  readonly all: readonly TokenPrices[];
  /** Candidates whose prices are not known, as `backend:model`. */
  readonly unknown: readonly string[];
}

/** Looks the prices of a route's candidates up. A promise only where the list must be loaded first. */
export function pricesOf(
  { candidates }: Route,
  book: PriceBook,
  generates: boolean,
): RoutePrices | Promise<RoutePrices> {
  const found: (TokenPrices | undefined | Promise<TokenPrices | undefined>)[] = [];
  let mustWait = false;
  for (const { backend, model, prices } of candidates) {
    const one = book.prices({ backend: backend.config, model, prices });
    mustWait ||= one instanceof Promise;
    found.push(one);
  }
  if (mustWait) return Promise.all(found).then((all) => sortOut(candidates, all, generates));
  return sortOut(candidates, found as (TokenPrices | undefined)[], generates);
}

function sortOut(
  candidates: readonly Candidate[],
  found: readonly (TokenPrices | undefined)[],
  generates: boolean,
): RoutePrices {
  const all: TokenPrices[] = [];
  const unknown: string[] = [];
  for (const [i, { backend, model }] of candidates.entries()) {
    const prices = found[i];
    if (prices?.input === undefined || (generates && prices.output === undefined))
      unknown.push(`${backend.config.name}:${model}`);
    else all.push(prices);
  }
  return { all, unknown };
}

/** What a call of this size costs at the dearest candidate, in nano-dollars. */
export function dearest({ all }: RoutePrices, promptTokens: number, completionTokens: number): number {
  const usage = { promptTokens, completionTokens, cachedTokens: undefined };
  return all.reduce((most, prices) => Math.max(most, costOf(prices, usage) ?? 0), 0);
}
