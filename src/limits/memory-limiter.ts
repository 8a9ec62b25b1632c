import type { Decision, Limiter, RateGauge, RateState, Rates, Reservation } from './limiter.ts';
import { SlidingWindow } from './sliding-window.ts';

/** Exact rates within one process. A decision is one synchronous step, so nothing can come in between. */
export class MemoryLimiter implements Limiter {
  readonly #windows = new Map<string, SlidingWindow>();
  readonly #now: () => number;

  /** @param now a clock that never goes back, in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  reserve(subject: string, rates: Rates, tokens: number): Decision {
    const now = this.#now();
    const window = this.#window(subject, now);
    const requestsOver = rates.requestsPerMinute === undefined ? 0 : window.requests + 1 - rates.requestsPerMinute;
    const tokensOver = rates.tokensPerMinute === undefined ? 0 : window.tokens + tokens - rates.tokensPerMinute;
    if (requestsOver > 0 || tokensOver > 0) {
      const forRequests = requestsOver > 0 ? window.timeToFree(now, requestsOver, 0) : 0;
      const forTokens = tokensOver > 0 ? window.timeToFree(now, 0, tokensOver) : 0;
      return {
        admitted: false,
        limit: forTokens > forRequests ? 'tokens' : 'requests',
        retryAfterMs: Math.max(1, forRequests, forTokens),
        state: stateOf(window, rates, now),
      };
    }
    const reservation = new WindowReservation(window, window.add(now, tokens), tokens);
    return { admitted: true, reservation, state: stateOf(window, rates, now) };
  }

  peek(subject: string, rates: Rates): RateState {
    const now = this.#now();
    return stateOf(this.#window(subject, now), rates, now);
  }

  #window(subject: string, now: number): SlidingWindow {
    let window = this.#windows.get(subject);
    if (window === undefined) {
      window = new SlidingWindow();
      this.#windows.set(subject, window);
    }
    window.expire(now);
    return window;
  }
}

class WindowReservation implements Reservation {
  readonly #window: SlidingWindow;
  readonly #number: number;
  readonly #tokens: number;
  #over = false;

  constructor(window: SlidingWindow, number: number, tokens: number) {
    this.#window = window;
    this.#number = number;
    this.#tokens = tokens;
  }

  settle(tokens: number): void {
    if (this.#over) return;
    this.#over = true;
    this.#window.change(this.#number, 0, tokens - this.#tokens);
  }

  release(): void {
    if (this.#over) return;
    this.#over = true;
    this.#window.change(this.#number, -1, -this.#tokens);
  }
}

function stateOf(window: SlidingWindow, rates: Rates, now: number): RateState {
  const gauge = (limit: number | undefined, used: number): RateGauge | undefined =>
    limit === undefined
      ? undefined
      : { limit, remaining: Math.max(0, limit - used), resetMs: used > 0 ? window.timeToEmpty(now) : 0 };
  return {
    requests: gauge(rates.requestsPerMinute, window.requests),
    tokens: gauge(rates.tokensPerMinute, window.tokens),
  };
}
