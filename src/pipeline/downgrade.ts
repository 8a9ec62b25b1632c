import { GatewayError } from '../gateway-error.ts';
import type { Caller } from '../types/caller.ts';
import { type AdmissionPorts, type Asked, admitCaller, type CallerGrant, refusalError } from './admit-caller.ts';

export interface LetIn<A extends Asked> {
  readonly admitted: CallerGrant;
  /** What was let in: what was asked for, or what stands in its place. */
  readonly asked: A;
  readonly isDowngraded: boolean;
}

/**
 * Lets a caller's call in, or, where a budget has too little left for it and the operator says so, a call of a cheaper
 * model in its place.
 * @param caller has limits
 * @param instead makes the call of another public model out of it
 * @throws GatewayError of the model that was asked for
 */
export async function admitOrDowngrade<A extends Asked>(
  asked: A,
  caller: Caller,
  ports: AdmissionPorts,
  instead: (model: string) => A,
): Promise<LetIn<A>> {
  const { limits } = caller;
  if (limits === undefined) throw new Error('a caller without limits is not admitted');
  const first = await admitCaller(asked, caller, limits, ports);
  if ('grant' in first) return { admitted: first, asked, isDowngraded: false };
  const { downgradeTo } = limits;
  if (first.refusal.refusedBy.limit.resource === 'cost' && downgradeTo !== undefined) {
    const second = await admitCheaper(asked, caller, ports, () => instead(downgradeTo));
    if (second !== undefined) return second;
  }
  throw refusalError(first, limits, ports.governor);
}

/** Undefined where that does not pass either, or the model is not there any more: the first refusal says more. */
async function admitCheaper<A extends Asked>(
  asked: A,
  caller: Caller,
  ports: AdmissionPorts,
  instead: () => A,
): Promise<LetIn<A> | undefined> {
  try {
    const cheaper = instead();
    if (cheaper.route.name === asked.route.name || caller.limits === undefined) return undefined;
    const admission = await admitCaller(cheaper, caller, caller.limits, ports);
    return 'grant' in admission ? { admitted: admission, asked: cheaper, isDowngraded: true } : undefined;
  } catch (error) {
    if (error instanceof GatewayError) return undefined;
    throw error;
  }
}
