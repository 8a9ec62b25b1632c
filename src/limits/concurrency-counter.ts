import type { Counter } from './counter.ts';
import type { Limit, LimitState } from './limit.ts';

/** Nobody knows when a running call ends. */
const guessedWaitMs = 1000;

/** How many calls run at a time. */
export class ConcurrencyCounter implements Counter {
  limit: Limit;
  #running = 0;

  constructor(limit: Limit) {
    this.limit = limit;
  }

  available(): number {
    return this.limit.maximum - this.#running;
  }

  availableTo(): number {
    return this.available();
  }

  take(_at: unknown, amount: number): number {
    this.#running += amount;
    return 0;
  }

  extend(_at: unknown, booking: number, amount: number): number {
    this.#running += amount;
    return booking;
  }

  settle(_at: unknown, _booking: number, reserved: number): undefined {
    this.#running -= reserved;
  }

  giveBack(_at: unknown, _booking: number, reserved: number): void {
    this.#running -= reserved;
  }

  timeToFree(_at: unknown, amount: number): number | undefined {
    return amount > this.limit.maximum ? undefined : guessedWaitMs;
  }

  state(): LimitState {
    const remaining = Math.max(0, this.available());
    return { limit: this.limit, used: this.#running, remaining, resetMs: undefined, scope: 'shared' };
  }

  /** Whether nothing is used, so that it may be forgotten. */
  isIdle(): boolean {
    return this.#running === 0;
  }
}
