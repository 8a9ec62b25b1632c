import type { LimitState } from '../limit.ts';
import type { Moment } from '../moment.ts';
import { type LeasedCounter, stateOf } from './leased-counter.ts';
import { SingleSlot } from './single-slot.ts';

/** Nobody knows when a running call ends. */
const guessedWaitMs = 1000;

/** How many calls this process runs at a time, of its allotment. */
export class LeasedPlaces extends SingleSlot implements LeasedCounter {
  refresh(): void {}

  available(): number {
    return this.own.free;
  }

  availableTo(): number {
    return this.own.free;
  }

  take(at: Moment, amount: number): number {
    this.own.used += amount;
    this.own.took(at.monotonicMs, amount);
    return 0;
  }

  extend(at: Moment, booking: number, amount: number): number {
    this.take(at, amount);
    return booking;
  }

  settle(_at: Moment, _booking: number, reserved: number): undefined {
    this.own.used -= reserved;
    this.own.touch();
  }

  giveBack(at: Moment, booking: number, reserved: number): void {
    this.settle(at, booking, reserved);
  }

  timeToFree(_at: Moment, amount: number): number | undefined {
    return amount > this.limit.maximum ? undefined : guessedWaitMs;
  }

  state(): LimitState {
    return stateOf(this.own, this.limit, undefined);
  }

  isIdle(): boolean {
    return this.own.used === 0 && this.own.needed === 0;
  }
}
