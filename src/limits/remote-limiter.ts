import type { Decision, Limiter, RateState, Rates } from './limiter.ts';
import type { LimiterRequest, LimiterResponse } from './limiter-messages.ts';

/** The way to the process that holds the limits. */
export interface LimiterChannel {
  send(request: LimiterRequest): void;
}

/** Asks another process for each decision, so that a limit holds over all processes together. */
export class RemoteLimiter implements Limiter {
  readonly #channel: LimiterChannel;
  readonly #waiting = new Map<number, (response: LimiterResponse) => void>();
  #last = 0;

  constructor(channel: LimiterChannel) {
    this.#channel = channel;
  }

  async reserve(subject: string, rates: Rates, tokens: number): Promise<Decision> {
    return this.#decision(
      await this.#ask((id) => ({ type: 'limiter:reserve', id, subject, rates: plain(rates), tokens })),
    );
  }

  async peek(subject: string, rates: Rates): Promise<RateState> {
    return (await this.#ask((id) => ({ type: 'limiter:peek', id, subject, rates: plain(rates) }))).state;
  }

  /** To be called with every decision that comes in. */
  receive(response: LimiterResponse): void {
    this.#waiting.get(response.id)?.(response);
    this.#waiting.delete(response.id);
  }

  #ask(request: (id: number) => LimiterRequest): Promise<LimiterResponse> {
    const id = ++this.#last;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#channel.send(request(id));
    });
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

/** The rates alone, of what may be a larger object. */
function plain({ requestsPerMinute, tokensPerMinute }: Rates): Rates {
  return { requestsPerMinute, tokensPerMinute };
}
