import type { Decision, Limiter, Rates } from './limiter.ts';
import type { LimiterRequest, LimiterResponse } from './limiter-messages.ts';

/** The way to the process that holds the limits. */
export interface LimiterChannel {
  send(request: LimiterRequest): void;
}

/** Asks another process for each decision, so that a limit holds over all processes together. */
export class RemoteLimiter implements Limiter {
  readonly #channel: LimiterChannel;
  readonly #waiting = new Map<number, (decision: Decision) => void>();
  #last = 0;

  constructor(channel: LimiterChannel) {
    this.#channel = channel;
  }

  reserve(subject: string, rates: Rates, tokens: number): Promise<Decision> {
    const id = ++this.#last;
    const { requestsPerMinute, tokensPerMinute } = rates;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#channel.send({
        type: 'limiter:reserve',
        id,
        subject,
        rates: { requestsPerMinute, tokensPerMinute },
        tokens,
      });
    });
  }

  /** To be called with every decision that comes in. */
  receive(response: LimiterResponse): void {
    const resolve = this.#waiting.get(response.id);
    this.#waiting.delete(response.id);
    resolve?.(this.#decision(response));
  }

  #decision(response: LimiterResponse): Decision {
    const { id, state, retryAfterMs } = response;
    if (!response.admitted) return { admitted: false, limit: response.limit ?? 'requests', retryAfterMs, state };
    let over = false;
    const once = (request: LimiterRequest) => {
      if (over) return;
      over = true;
      this.#channel.send(request);
    };
    return {
      admitted: true,
      state,
      reservation: {
        settle: (tokens) => once({ type: 'limiter:settle', id, tokens }),
        release: () => once({ type: 'limiter:release', id }),
      },
    };
  }
}
