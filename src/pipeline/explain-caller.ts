import type { Approach } from '../approaches/approach.ts';
import type { GatewayError } from '../gateway-error.ts';
import type { Demand, LimitState } from '../limits/limit.ts';
import type { Call } from '../types/call.ts';
import type { Caller, CallerLimits } from '../types/caller.ts';
import type { Route } from '../types/route.ts';
import { type AdmissionPorts, admitCaller, type CallerGrant, type Refused, refusalError } from './admit-caller.ts';
import { promptBound } from './call-size.ts';
import { admitOrDowngrade } from './downgrade.ts';
import type { Say } from './explain.ts';
import { atSecond, countedOf, dollars, spanOf, whose } from './limit-words.ts';

/** Who would make the call. */
export interface ExplainedCaller {
  readonly caller: Caller;
  /** Why the key is refused, whatever it asks for; undefined: it is not. */
  readonly refusal: GatewayError | undefined;
  /** Whether what was used of limits over a day and longer is known, as far as it is stored. */
  readonly isUseKnown: boolean;
}

/** A call that is to be let in. */
interface Wanted {
  readonly call: Call;
  readonly route: Route;
  readonly approach: Pick<Approach, 'reach' | 'measure'>;
}

/**
 * Says whose key it is.
 * @throws GatewayError why it is refused
 */
export function explainCaller({ caller, refusal }: ExplainedCaller, say: Say): void {
  const { name, role, owner, team, tags = [], models } = caller;
  const facts = [
    `${name}, ${role}`,
    owner !== undefined && `owner ${owner}`,
    team !== undefined && `team ${team}`,
    tags.length > 0 && `tags ${tags.join(', ')}`,
    models !== undefined && `may use ${[...models].join(', ')}`,
  ];
  say('caller', facts.filter(Boolean).join(', '));
  if (refusal !== undefined) throw refusal;
}

/**
 * Says what a call would reserve of its caller's limits, how each of them stands, and where the call goes when a budget
 * has too little left. Nothing is taken in the end.
 * @param instead makes the call of another public model out of it
 * @returns what would be let in: what was asked for, or what stands in its place
 * @throws GatewayError the refusal that the client would get
 */
export async function explainAdmission<W extends Wanted>(
  wanted: W,
  by: ExplainedCaller,
  ports: AdmissionPorts,
  instead: (model: string) => W,
  say: Say,
): Promise<W> {
  const { limits } = by.caller;
  if (limits === undefined) {
    say('limits of the caller', 'none');
    return wanted;
  }
  const states = ports.governor.state(limits.bound);
  const at = Date.now();
  const admission = await admitCaller(wanted, by.caller, limits, ports);
  if ('grant' in admission) admission.grant.release();
  say('reserves', describeDemand(admission, wanted, limits));
  for (const state of states) {
    say(`limit of ${whose(state.limit)}`, describeState(state, at, admission.demand, by.isUseKnown));
  }
  if ('grant' in admission) return wanted;
  const { downgradeTo } = limits;
  if (admission.refusal.refusedBy.limit.resource !== 'cost' || downgradeTo === undefined) {
    throw refusalError(admission, limits, ports.governor);
  }
  try {
    const { admitted, asked } = await admitOrDowngrade(wanted, by.caller, ports, instead);
    admitted.grant.release();
    say('downgraded', `to ${JSON.stringify(downgradeTo)}, which reserves ${describeAmounts(admitted.demand, limits)}`);
    return asked;
  } catch (error) {
    say('not downgraded', `${JSON.stringify(downgradeTo)} is refused as well`);
    throw error;
  }
}

function describeDemand({ demand }: CallerGrant | Refused, { call, route }: Wanted, limits: CallerLimits): string {
  const amounts = describeAmounts(demand, limits);
  if (!limits.needsTokens && !limits.needsCost) return amounts;
  const bound = promptBound(call, route);
  const prompt = bound === undefined ? 'its prompt, counted' : `its prompt, of ${bound} tokens at most`;
  return `${amounts}: ${prompt}, and the output that is asked for, or could come; a running gateway expects what this key's answers were before`;
}

function describeAmounts({ tokens, cost }: Demand, { needsTokens, needsCost }: CallerLimits): string {
  const amounts = ['1 request', (needsTokens || needsCost) && `${tokens} tokens`, needsCost && dollars(cost)];
  return amounts.filter(Boolean).join(', ');
}

/** @param at when the limit stood so, in milliseconds since 1970 */
function describeState(state: LimitState, at: number, demand: Demand, isUseKnown: boolean): string {
  const { limit, used, remaining, resetMs } = state;
  const { resource, period, maximum } = limit;
  const isMoney = resource === 'cost';
  const amount = (value: number) => (isMoney ? dollars(value) : `${value}`);
  const needed = resource === 'concurrent' ? 1 : demand[resource];
  const most = isMoney ? `${amount(maximum)} ${spanOf(limit)}` : `${maximum} ${countedOf(limit)}`;
  const takes = `the call takes ${amount(needed)}`;
  if (needed > maximum) return `${most}: broken for good, ${takes}`;
  if (period === undefined || period === 'minute' || !isUseKnown) {
    return `${most}: ${takes}; how much of it is left now, only the running gateway knows`;
  }
  const anew = resetMs === undefined ? '' : `, anew at ${atSecond(at + resetMs)}`;
  const verdict = needed <= remaining ? 'holds' : 'broken';
  return `${most}: ${verdict}, ${amount(used)} are used as far as it is stored, ${amount(remaining)} are left${anew}; ${takes}`;
}
