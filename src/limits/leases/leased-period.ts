import { type CalendarPeriod, periodEnd, periodStart } from '../calendar.ts';
import type { Limit, LimitState } from '../limit.ts';
import type { Moment } from '../moment.ts';
import { LeaseSlot, type SlotPorts } from './lease-slot.ts';
import { type LeasedCounter, stateOf } from './leased-counter.ts';

/** Periods beside the present one that are remembered, for calls that began in them. */
const mostRemembered = 8;

/**
 * What this process used in a calendar period in UTC, or ever, of its allotment. A call is booked in the period in which
 * it was admitted, however late it ends.
 */
export class LeasedPeriod implements LeasedCounter {
  readonly #period: CalendarPeriod;
  readonly #ports: SlotPorts;
  #limit: Limit;
  #end = 0;
  #slot: LeaseSlot;
  readonly #others = new Map<number, LeaseSlot>();

  constructor(limit: Limit, at: Moment, ports: SlotPorts) {
    this.#limit = limit;
    this.#period = limit.period as CalendarPeriod;
    this.#ports = ports;
    const start = periodStart(this.#period, at.wallMs);
    this.#slot = new LeaseSlot(limit, start, ports);
    this.#end = periodEnd(this.#period, start);
  }

  get limit(): Limit {
    return this.#limit;
  }

  set limit(limit: Limit) {
    this.#limit = limit;
    for (const slot of this.slots()) slot.limit = limit;
  }

  slot(at: Moment): LeaseSlot {
    const { wallMs } = at;
    if (wallMs >= this.#end || wallMs < this.#slot.start) this.#step(wallMs);
    return this.#slot;
  }

  slots(): Iterable<LeaseSlot> {
    return [this.#slot, ...this.#others.values()];
  }

  refresh(): void {}

  available(at: Moment): number {
    return this.slot(at).free;
  }

  availableTo(at: Moment, booking: number): number {
    this.slot(at);
    return this.#booked(booking)?.free ?? 0;
  }

  take(at: Moment, amount: number): number {
    const slot = this.#slot;
    slot.used += amount;
    slot.running += amount;
    if (amount > 0) slot.took(at.monotonicMs, amount);
    return slot.start;
  }

  extend(at: Moment, booking: number, amount: number): number {
    const slot = this.#booked(booking);
    if (slot === undefined) return booking;
    slot.used += amount;
    slot.running += amount;
    slot.took(at.monotonicMs, amount);
    return booking;
  }

  settle(at: Moment, booking: number, reserved: number, taken: number): number {
    const slot = this.#booked(booking);
    if (slot === undefined) return booking;
    slot.used += taken - reserved;
    slot.running -= reserved;
    slot.ended(at.monotonicMs, taken);
    if (taken > reserved) slot.took(at.monotonicMs, taken - reserved);
    else slot.touch();
    return booking;
  }

  giveBack(at: Moment, booking: number, reserved: number): void {
    this.settle(at, booking, reserved, 0);
  }

  timeToFree(at: Moment, amount: number): number | undefined {
    if (amount > this.limit.maximum || this.#end === Number.POSITIVE_INFINITY) return undefined;
    return Math.max(1, this.#end - at.wallMs);
  }

  state(at: Moment): LimitState {
    const slot = this.slot(at);
    const resetMs = this.#end === Number.POSITIVE_INFINITY ? undefined : Math.max(1, this.#end - at.wallMs);
    return stateOf(slot, this.limit, resetMs);
  }

  isIdle(): boolean {
    return this.#slot.used === 0 && this.#slot.needed === 0;
  }

  #booked(booking: number): LeaseSlot | undefined {
    return booking === this.#slot.start ? this.#slot : this.#others.get(booking);
  }

  #step(wallMs: number): void {
    const start = periodStart(this.#period, wallMs);
    const left = this.#slot;
    const known = this.#others.get(start);
    this.#others.delete(start);
    this.#others.set(left.start, left);
    if (this.#others.size > mostRemembered) this.#others.delete(this.#others.keys().next().value as number);
    this.#slot = known ?? new LeaseSlot(this.#limit, start, this.#ports);
    this.#end = periodEnd(this.#period, start);
  }
}
