import type { Limiter, Reservation } from './limiter.ts';
import type { LimiterRequest, LimiterResponse } from './limiter-messages.ts';

/** Decides for one worker process over a limiter that all of them share. */
export class LimiterAuthority {
  readonly #limiter: Limiter;
  readonly #reply: (response: LimiterResponse) => void;
  readonly #open = new Map<number, Reservation>();

  constructor(limiter: Limiter, reply: (response: LimiterResponse) => void) {
    this.#limiter = limiter;
    this.#reply = reply;
  }

  async handle(request: LimiterRequest): Promise<void> {
    if (request.type === 'limiter:reserve') {
      const decision = await this.#limiter.reserve(request.subject, request.rates, request.tokens);
      if (decision.admitted) this.#open.set(request.id, decision.reservation);
      this.#reply({
        type: 'limiter:decision',
        id: request.id,
        admitted: decision.admitted,
        limit: decision.admitted ? undefined : decision.limit,
        retryAfterMs: decision.admitted ? 0 : decision.retryAfterMs,
        state: decision.state,
      });
      return;
    }
    if (request.type === 'limiter:peek') {
      const state = await this.#limiter.peek(request.subject, request.rates);
      const { id } = request;
      this.#reply({ type: 'limiter:decision', id, admitted: false, limit: undefined, retryAfterMs: 0, state });
      return;
    }
    const reservation = this.#open.get(request.id);
    this.#open.delete(request.id);
    if (request.type === 'limiter:settle') reservation?.settle(request.tokens);
    else reservation?.release();
  }
}
