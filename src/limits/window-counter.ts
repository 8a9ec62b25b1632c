import type { Counter } from './counter.ts';
import type { Limit, LimitState } from './limit.ts';
import type { Moment } from './moment.ts';
import { SlidingWindow } from './sliding-window.ts';

/**
 * What was used within any 60 seconds. A call counts from when it was admitted; what it takes beyond its reservation
 * after it has left the window counts from then on.
 */
export class WindowCounter implements Counter {
  limit: Limit;
  /** Made with the first call, since most keys are idle. */
  #window: SlidingWindow | undefined;

  constructor(limit: Limit) {
    this.limit = limit;
  }

  available(at: Moment): number {
    const window = this.#window;
    if (window === undefined) return this.limit.maximum;
    window.expire(at.monotonicMs);
    return this.limit.maximum - window.tokens;
  }

  availableTo(at: Moment): number {
    return this.available(at);
  }

  take(at: Moment, amount: number): number {
    this.#window ??= new SlidingWindow();
    return this.#window.add(at.monotonicMs, amount);
  }

  extend(at: Moment, booking: number, amount: number): number {
    return this.#change(at, booking, amount);
  }

  settle(at: Moment, booking: number, reserved: number, taken: number): undefined {
    this.#change(at, booking, taken - reserved);
  }

  giveBack(at: Moment, booking: number, reserved: number): void {
    this.#change(at, booking, -reserved);
  }

  timeToFree(at: Moment, amount: number): number | undefined {
    if (amount > this.limit.maximum) return undefined;
    const lacking = amount - this.available(at);
    return Math.max(1, this.#window?.timeToFree(at.monotonicMs, 0, lacking) ?? 1);
  }

  state(at: Moment): LimitState {
    const available = this.available(at);
    const used = this.limit.maximum - available;
    return {
      limit: this.limit,
      used,
      remaining: Math.max(0, available),
      resetMs: used > 0 ? (this.#window?.timeToEmpty(at.monotonicMs) ?? 0) : 0,
      scope: 'shared',
    };
  }

  /** Whether nothing is used, so that it may be forgotten. */
  isIdle(at: Moment): boolean {
    return this.available(at) === this.limit.maximum;
  }

  #change(at: Moment, booking: number, by: number): number {
    return (this.#window as SlidingWindow).shift(at.monotonicMs, booking, by);
  }
}
