import { type CalendarPeriod, periodEnd, periodStart } from './calendar.ts';
import type { Counter } from './counter.ts';
import type { Limit, LimitState } from './limit.ts';
import type { Moment } from './moment.ts';

/** Periods beside the present one that are remembered: for calls that began in them, and for clocks that step. */
const mostRemembered = 8;

interface Used {
  amount: number;
  /** Whether what was used before this process began is in it. */
  isLoaded: boolean;
}

/**
 * What was used in a calendar period in UTC, or ever. A call is booked in the period in which it was admitted, however
 * late it ends. Where the clock steps back into a period, what was used in it still counts; it steps on as the clock
 * does.
 */
export class PeriodCounter implements Counter {
  limit: Limit;
  readonly #period: CalendarPeriod;
  #start = 0;
  #end = 0;
  #now: Used;
  /** By their starts, the last one visited at the end. */
  #others: Map<number, Used> | undefined;

  constructor(limit: Limit, at: Moment) {
    this.limit = limit;
    this.#period = limit.period as CalendarPeriod;
    this.#now = { amount: 0, isLoaded: false };
    this.#setPeriod(at.wallMs);
  }

  available(at: Moment): number {
    const { wallMs } = at;
    if (wallMs >= this.#end || wallMs < this.#start) this.#step(wallMs);
    return this.limit.maximum - this.#now.amount;
  }

  availableTo(at: Moment, booking: number): number {
    const available = this.available(at);
    if (booking === this.#start) return available;
    const used = this.#others?.get(booking);
    return used === undefined ? 0 : this.limit.maximum - used.amount;
  }

  take(_at: Moment, amount: number): number {
    this.#now.amount += amount;
    return this.#start;
  }

  extend(_at: Moment, booking: number, amount: number): number {
    this.#change(booking, amount);
    return booking;
  }

  settle(_at: Moment, booking: number, reserved: number, taken: number): number {
    this.#change(booking, taken - reserved);
    return booking;
  }

  giveBack(_at: Moment, booking: number, reserved: number): void {
    this.#change(booking, -reserved);
  }

  timeToFree(at: Moment, amount: number): number | undefined {
    if (amount > this.limit.maximum || this.#end === Number.POSITIVE_INFINITY) return undefined;
    let start = this.#end;
    // After a step back the periods to come may have been used already.
    while ((this.#others?.get(start)?.amount ?? 0) + amount > this.limit.maximum) {
      start = periodEnd(this.#period, start);
    }
    return Math.max(1, start - at.wallMs);
  }

  state(at: Moment): LimitState {
    const available = this.available(at);
    return {
      limit: this.limit,
      used: this.#now.amount,
      remaining: Math.max(0, available),
      resetMs: this.#end === Number.POSITIVE_INFINITY ? undefined : Math.max(1, this.#end - at.wallMs),
      scope: 'shared',
    };
  }

  /** The present period, where what was used in it before is still to be loaded; undefined: nothing is. */
  unloaded(at: Moment): number | undefined {
    this.available(at);
    return this.#now.isLoaded ? undefined : this.#start;
  }

  /** Adds what was used in a period before this process began; the first time only. */
  load(start: number, amount: number): void {
    const used = start === this.#start ? this.#now : this.#others?.get(start);
    if (used === undefined || used.isLoaded) return;
    used.isLoaded = true;
    used.amount += amount;
  }

  /** Whether nothing is used, so that it may be forgotten. */
  isIdle(at: Moment): boolean {
    return this.available(at) === this.limit.maximum;
  }

  #change(booking: number, by: number): void {
    const used = booking === this.#start ? this.#now : this.#others?.get(booking);
    if (used !== undefined) used.amount += by;
  }

  #step(wallMs: number): void {
    const left = this.#now;
    const leftStart = this.#start;
    const isNext = wallMs >= this.#end;
    this.#setPeriod(wallMs);
    this.#others ??= new Map();
    const known = this.#others.get(this.#start);
    this.#others.delete(this.#start);
    this.#others.set(leftStart, left);
    if (this.#others.size > mostRemembered) this.#others.delete(this.#others.keys().next().value as number);
    // Nobody used anything of a period before it began; into one that is earlier others may have written.
    this.#now = known ?? { amount: 0, isLoaded: isNext };
  }

  #setPeriod(wallMs: number): void {
    this.#start = periodStart(this.#period, wallMs);
    this.#end = periodEnd(this.#period, this.#start);
  }
}
