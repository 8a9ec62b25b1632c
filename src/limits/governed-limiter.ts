import type { Admission, BoundLimits, Governor } from './governor.ts';
import { type Level, type Limit, type LimitState, limitId } from './limit.ts';
import type { Decision, Limiter, RateGauge, RateState, Rates } from './limiter.ts';

interface Subject {
  readonly rates: Rates;
  readonly bound: BoundLimits;
}

/** The rates of models and of backends' keys over a governor, so that they hold for all who share that. */
export class GovernedLimiter implements Limiter {
  readonly #governor: Governor;
  readonly #subjects = new Map<string, Subject>();

  constructor(governor: Governor) {
    this.#governor = governor;
  }

  reserve(subject: string, rates: Rates, tokens: number): Decision | Promise<Decision> {
    const { bound } = this.#subject(subject, rates);
    const admission = this.#governor.admit(bound, { requests: 1, tokens, cost: 0 });
    return admission instanceof Promise
      ? admission.then((made) => this.#decision(made, bound))
      : this.#decision(admission, bound);
  }

  peek(subject: string, rates: Rates): RateState {
    return this.#state(this.#subject(subject, rates).bound);
  }

  #decision(admission: Admission, bound: BoundLimits): Decision {
    const state = this.#state(bound);
    if (!admission.admitted) {
      const { resource, maximum } = admission.refusedBy.limit;
      return {
        admitted: false,
        limit: resource === 'tokens' ? 'tokens' : 'requests',
        retryAfterMs: admission.retryAfterMs ?? (maximum > 0 ? 60_000 : 3_600_000),
        state,
      };
    }
    const { grant } = admission;
    return {
      admitted: true,
      state,
      reservation: {
        settle: (tokens) => grant.settle({ requests: 1, tokens, cost: 0 }),
        release: () => grant.release(),
      },
    };
  }

  #state(bound: BoundLimits): RateState {
    const states = this.#governor.state(bound);
    const gauge = (resource: 'requests' | 'tokens') => toGauge(states.find(({ limit }) => limit.resource === resource));
    return { requests: gauge('requests'), tokens: gauge('tokens') };
  }

  #subject(name: string, rates: Rates): Subject {
    const known = this.#subjects.get(name);
    if (known !== undefined && isSame(known.rates, rates)) return known;
    const level: Level = { kind: name.startsWith('key ') ? 'backend-key' : 'model', name };
    const { requestsPerMinute, tokensPerMinute } = rates;
    const limits: Limit[] = [];
    for (const [resource, maximum] of [
      ['requests', requestsPerMinute],
      ['tokens', tokensPerMinute],
    ] as const) {
      if (maximum === undefined) continue;
      limits.push({ id: limitId(level, resource, 'minute'), level, resource, period: 'minute', maximum });
    }
    const subject = { rates: { requestsPerMinute, tokensPerMinute }, bound: this.#governor.bind(limits) };
    this.#subjects.set(name, subject);
    return subject;
  }
}

function isSame(one: Rates, other: Rates): boolean {
  return one.requestsPerMinute === other.requestsPerMinute && one.tokensPerMinute === other.tokensPerMinute;
}

function toGauge(state: LimitState | undefined): RateGauge | undefined {
  if (state === undefined) return undefined;
  return { limit: state.limit.maximum, remaining: state.remaining, resetMs: state.resetMs ?? 0 };
}
