import type { Limit, LimitState } from '../limit.ts';
import type { Moment } from '../moment.ts';
import { LeaseSlot, type SlotPorts } from './lease-slot.ts';
import { type LeasedCounter, stateOf } from './leased-counter.ts';

/** Nobody knows when a running call ends. */
const guessedWaitMs = 1000;

/** How many calls this process runs at a time, of its allotment. */
export class LeasedPlaces implements LeasedCounter {
  readonly #slot: LeaseSlot;

  constructor(limit: Limit, ports: SlotPorts) {
    this.#slot = new LeaseSlot(limit, 0, ports);
  }

  get limit(): Limit {
    return this.#slot.limit;
  }

  set limit(limit: Limit) {
    this.#slot.limit = limit;
  }

  slot(): LeaseSlot {
    return this.#slot;
  }

  slots(): Iterable<LeaseSlot> {
    return [this.#slot];
  }

  refresh(): void {}

  available(): number {
    return this.#slot.free;
  }

  availableTo(): number {
    return this.#slot.free;
  }

  take(at: Moment, amount: number): number {
    this.#slot.used += amount;
    this.#slot.took(at.monotonicMs, amount);
    return 0;
  }

  extend(at: Moment, booking: number, amount: number): number {
    this.take(at, amount);
    return booking;
  }

  settle(_at: Moment, _booking: number, reserved: number): undefined {
    this.#slot.used -= reserved;
    this.#slot.touch();
  }

  giveBack(at: Moment, booking: number, reserved: number): void {
    this.settle(at, booking, reserved);
  }

  timeToFree(_at: Moment, amount: number): number | undefined {
    return amount > this.limit.maximum ? undefined : guessedWaitMs;
  }

  state(): LimitState {
    return stateOf(this.#slot, this.limit, undefined);
  }

  isIdle(): boolean {
    return this.#slot.used === 0 && this.#slot.needed === 0;
  }
}
