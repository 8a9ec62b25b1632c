import type { LimitState } from '../limit.ts';
import type { Moment } from '../moment.ts';
import { SlidingWindow, windowMs } from '../sliding-window.ts';
import { type LeasedCounter, stateOf } from './leased-counter.ts';
import { SingleSlot } from './single-slot.ts';

/** What was used within any 60 seconds, by this process, of its allotment. */
export class LeasedWindow extends SingleSlot implements LeasedCounter {
  #window: SlidingWindow | undefined;

  refresh(at: Moment): void {
    const window = this.#window;
    if (window === undefined) return;
    window.expire(at.monotonicMs);
    this.own.used = window.tokens;
  }

  available(at: Moment): number {
    this.refresh(at);
    return this.own.free;
  }

  availableTo(at: Moment): number {
    return this.available(at);
  }

  take(at: Moment, amount: number): number {
    this.#window ??= new SlidingWindow();
    const booking = this.#window.add(at.monotonicMs, amount);
    this.#took(at, amount);
    return booking;
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

  /** Others' calls leave the window too, nobody here knows when; so it is guessed from how fast they came. */
  timeToFree(at: Moment, amount: number): number | undefined {
    if (amount > this.limit.maximum) return undefined;
    const lacking = amount - this.available(at);
    const { used, usedElsewhere } = this.own;
    const own = lacking <= used ? (this.#window?.timeToFree(at.monotonicMs, 0, lacking) ?? windowMs) : windowMs;
    const guessed = usedElsewhere > 0 ? (lacking / usedElsewhere) * windowMs : windowMs;
    return Math.ceil(Math.min(windowMs, Math.max(1, Math.min(own, Math.max(1000, guessed)))));
  }

  state(at: Moment): LimitState {
    this.refresh(at);
    const slot = this.own;
    const ownMs = this.#window?.timeToEmpty(at.monotonicMs) ?? 0;
    return stateOf(slot, this.limit, slot.usedElsewhere > 0 ? windowMs : ownMs);
  }

  isIdle(at: Moment): boolean {
    this.refresh(at);
    return this.own.used === 0 && this.own.needed === 0;
  }

  #change(at: Moment, booking: number, by: number): number {
    const changed = (this.#window as SlidingWindow).shift(at.monotonicMs, booking, by);
    this.#took(at, Math.max(0, by));
    return changed;
  }

  #took(at: Moment, amount: number): void {
    this.own.used = this.#window?.tokens ?? 0;
    if (amount > 0) this.own.took(at.monotonicMs, amount);
    else this.own.touch();
  }
}
