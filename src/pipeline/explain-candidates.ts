import type { ModelPrices } from '../config/backend-config.ts';
import type { Strategy } from '../config/route-config.ts';
import { GatewayError } from '../gateway-error.ts';
import { tokenBound } from '../models/token-bound.ts';
import type { Call, FittedCall } from '../types/call.ts';
import type { Candidate, Route, Tier } from '../types/route.ts';
import { unmetCondition } from './conditions.ts';
import type { Say } from './explain.ts';
import { type FitPorts, fit } from './fit.ts';
import { overrideFields } from './override-fields.ts';

const strategyWords: Readonly<Record<Strategy, string>> = {
  ordered: 'in the order written',
  weighted: 'by weight, the same for all turns of a conversation',
  'least-busy': 'the one with the fewest calls for its weight first',
  'lowest-latency': 'the fastest to its first output first',
  'lowest-cost': 'the cheapest first',
  race: 'all at the same time where a stream is asked for, else in the order written',
};

/** Says how a route is tried; nothing for a route of one candidate, of which nothing more can be said. */
export function explainPolicy({ policy, tiers, candidates }: Route, say: Say): void {
  if (candidates.length === 1) return;
  for (const [at, tier] of tiers.entries()) say(`tier ${at + 1}`, `${tier.candidates.length}, ${orderOf(tier)}`);
  const { hedge, firstOutputMs, gapMs, totalMs, maxAttempts, maxRetryMs } = policy;
  const seconds = (milliseconds: number) => `${milliseconds / 1000} s`;
  const facts = [
    firstOutputMs && `first output within ${seconds(firstOutputMs)}`,
    gapMs && `silence of a stream at most ${seconds(gapMs)}`,
    totalMs && `all within ${seconds(totalMs)}`,
    maxAttempts && `at most ${maxAttempts} attempts`,
    maxRetryMs && `no attempt begins after ${seconds(maxRetryMs)}`,
  ].filter((fact) => fact !== undefined && fact !== 0);
  if (facts.length > 0) say('bounds', facts.join(', '));
  if (hedge === undefined) return;
  const after = hedge.after === 'p95' ? "the p95 of its candidate's last first outputs" : seconds(hedge.after);
  say('hedge', `a second candidate after ${after}, for at most ${hedge.maxExtra * 100} % of the calls`);
}

function orderOf({ strategy, candidates }: Tier): string {
  return candidates.length === 1 ? 'alone' : `${strategy}: ${strategyWords[strategy]}`;
}

/**
 * Says of each candidate whether the call is for it.
 * @returns the first that takes it, in the order written
 * @throws GatewayError the refusal of the last one, where none does
 */
export async function explainCandidates(call: Call, route: Route, ports: FitPorts, say: Say): Promise<Candidate> {
  let first: Candidate | undefined;
  let refusal: GatewayError | undefined;
  for (const [at, candidate] of route.candidates.entries()) {
    const { config } = candidate.backend;
    const kind = config.origin === 'connectors' ? 'provider' : 'backend';
    const who = `${kind} ${config.name}, model ${JSON.stringify(candidate.model)}`;
    const unmet = await whyNot(call, candidate, route, ports);
    const share = shareOf(candidate, route);
    if (unmet === undefined) {
      const why = first === undefined ? 'taken, as the first in order' : 'only if those before it fail';
      say(`candidate ${at + 1}`, `${who}: ${share ?? why}`);
      first ??= candidate;
    } else {
      say(`candidate ${at + 1}`, `${who}: not for this request: ${unmet.message}`);
      refusal ??= unmet;
    }
  }
  if (first !== undefined) return first;
  throw refusal ?? new GatewayError('internal_error', 'an empty route');
}

/** What goes before the order in which candidates are written. */
function shareOf(candidate: Candidate, route: Route): string | undefined {
  const tier = route.tiers.find(({ candidates }) => candidates.includes(candidate));
  if (tier === undefined || tier.candidates.length === 1) return undefined;
  const total = tier.candidates.reduce((sum, { weight }) => sum + weight, 0);
  const place = `tier ${route.tiers.indexOf(tier) + 1}`;
  if (tier.strategy === 'weighted') {
    return `${place}, ${Math.round((candidate.weight / total) * 1000) / 10} % of the conversations`;
  }
  return tier.strategy === 'ordered' ? undefined : `${place}, chosen by ${tier.strategy}`;
}

async function whyNot(
  call: Call,
  candidate: Candidate,
  route: Route,
  ports: FitPorts,
): Promise<GatewayError | undefined> {
  const unmet = unmetCondition(candidate, call, route.candidates.length === 1);
  if (unmet !== undefined) return new GatewayError('invalid_request', unmet, { param: 'model' });
  if (route.candidates.length === 1) return undefined; // its limits are told one by one
  try {
    await fit(overrideFields(call, candidate.parameters), candidate, ports);
    return undefined;
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
}

/** What a call costs at most at one candidate, in words. */
export function describeCost(call: FittedCall, candidate: Candidate): string {
  const { prices } = candidate;
  const promptTokens = call.promptTokens ?? tokenBound(call.body, candidate.config?.tokenizer ?? 'o200k_base');
  if (prices === undefined) return 'unknown, as no prices are configured';
  const unknown = unknownPrice(prices, call.protocol.generates);
  if (unknown !== undefined) return `unknown, as the price of its ${unknown} is not configured`;
  if (promptTokens === undefined) return 'unknown, as nothing bounds the tokens of its prompt';
  const input = promptTokens * (prices.input ?? 0);
  if (!call.protocol.generates) return `${dollars(input)} for its input`;
  const { maxOutputTokens } = candidate.config?.limits ?? {};
  const output = call.askedOutputTokens ?? maxOutputTokens;
  if (output === undefined)
    return `${dollars(input)} for its input, and ${dollars((prices.output ?? 0) * 1000)} for each 1,000 tokens of output`;
  return `at most ${dollars(input + call.choices * output * (prices.output ?? 0))}: ${dollars(input)} for its input and the rest for ${call.choices * output} tokens of output`;
}

function unknownPrice({ input, output }: ModelPrices, generates: boolean): string | undefined {
  if (input === undefined) return 'input';
  return generates && output === undefined ? 'output' : undefined;
}

/** @param nano nano-dollars */
function dollars(nano: number): string {
  return `$${Number((nano / 1e9).toPrecision(3))}`;
}
