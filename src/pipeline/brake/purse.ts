import type { Governor, Grant } from '../../limits/governor.ts';
import type { Demand, Limit } from '../../limits/limit.ts';
import type { CallerLimits } from '../../types/caller.ts';

/** Tokens and nano-dollars that calls for one request have taken together. */
export type Taken = Pick<Demand, 'tokens' | 'cost'>;

/** Why no more is given. */
export interface Empty {
  /** The limit that has too little left; undefined: none says so by itself. */
  readonly limit: string | undefined;
}

/**
 * What a request may take of its caller's limits while it runs: what was reserved when it was let in, and what is asked
 * for beyond. A rate of tokens in a minute alone ends nothing: what passes it is charged at the end, and the next call
 * waits for it.
 */
export class Purse {
  readonly #grant: Grant;
  readonly #limits: CallerLimits;
  readonly #governor: Governor;
  #tokens: number;
  #cost: number;

  /** @param reserved what the grant has reserved so far */
  constructor(grant: Grant, reserved: Demand, limits: CallerLimits, governor: Governor) {
    this.#grant = grant;
    this.#limits = limits;
    this.#governor = governor;
    this.#tokens = reserved.tokens;
    this.#cost = reserved.cost;
  }

  /** Whether so much is reserved already. */
  holds({ tokens, cost }: Taken): boolean {
    const { needsTokens, needsCost } = this.#limits;
    return (!needsTokens || tokens <= this.#tokens) && (!needsCost || cost <= this.#cost);
  }

  /** Reserves what is missing for so much in all. @returns why that is not there; undefined: it is */
  reserve(taken: Taken): Empty | undefined {
    const { needsTokens, needsCost } = this.#limits;
    const tokens = needsTokens ? Math.max(0, taken.tokens - this.#tokens) : 0;
    const cost = needsCost ? Math.max(0, taken.cost - this.#cost) : 0;
    if (tokens === 0 && cost === 0) return undefined;
    if (this.#extend(tokens, cost)) return undefined;
    const states = this.#governor.state(this.#limits.bound);
    const short = states.filter(({ limit, remaining }) => {
      const { resource } = limit;
      return remaining < (resource === 'tokens' ? tokens : resource === 'cost' ? cost : 0);
    });
    const budget = short.find(({ limit }) => isBudget(limit));
    if (budget !== undefined) return { limit: budget.limit.id };
    const isRateOnly = short.length > 0 && (cost === 0 || this.#extend(0, cost));
    return isRateOnly ? undefined : { limit: undefined };
  }

  #extend(tokens: number, cost: number): boolean {
    if (!this.#grant.extend({ requests: 0, tokens, cost })) return false;
    this.#tokens += tokens;
    this.#cost += cost;
    return true;
  }
}

/** Whether any of these limits can end a stream. */
export function hasBudget({ bound }: CallerLimits): boolean {
  return bound.limits.some((limit) => (limit.resource === 'tokens' || limit.resource === 'cost') && isBudget(limit));
}

function isBudget({ period }: Limit): boolean {
  return period !== 'minute';
}
