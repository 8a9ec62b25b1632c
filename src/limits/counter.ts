import type { Limit, LimitState } from './limit.ts';
import type { Moment } from './moment.ts';

/**
 * What is used of one limit, in this process. The atomic step (`counter-set.ts`) is written over it, for one process
 * and for leases alike: it asks all counters what is available and takes from all of them or from none, without
 * anything coming in between. All amounts are integers from 0 to {@link largestAmount}.
 */
export interface Counter {
  /** The limit as it holds now; its number may change while it is used, and what was used stays. */
  readonly limit: Limit;

  /** How much may be taken now; below 0 where more was used than was reserved, or the limit was lowered. */
  available(at: Moment): number;

  /**
   * Reserves an amount that is available.
   * @returns where it is booked: what the other methods need to find it again
   */
  take(at: Moment, amount: number): number;

  /** The same for a call that has reserved something and wants more, which is booked where the call is. */
  availableTo(at: Moment, booking: number): number;

  /**
   * Reserves more for a call that has reserved something.
   * @param booking of that call
   * @param amount is available to it
   * @returns the booking that holds from now on
   */
  extend(at: Moment, booking: number, amount: number): number;

  /**
   * The call is over.
   * @param reserved all that was reserved for it
   * @param taken what it took in truth, which may be more
   * @returns the period in which it is booked, for a limit that is kept over restarts; undefined for all others
   */
  settle(at: Moment, booking: number, reserved: number, taken: number): number | undefined;

  /** The call was never made: what was reserved is as if it had never been. */
  giveBack(at: Moment, booking: number, reserved: number): void;

  /**
   * Milliseconds after which so much is available if nothing else comes; undefined: never. Not asked where it is
   * available now. Where nobody can know, such as for places, a wait that makes sense.
   */
  timeToFree(at: Moment, amount: number): number | undefined;

  state(at: Moment): LimitState;
}

/**
 * No call counts for more, so that sums stay exact. In nano-dollars this is 70,000 dollars.
 */
export const largestAmount = 2 ** 46;

/** The largest number that a limit can have. */
export const largestMaximum = Number.MAX_SAFE_INTEGER;

/** An amount that was computed or reported, as an integer that can be counted; `otherwise` where it is no number from 0. */
export function countable(amount: number, otherwise: number): number {
  if (!(amount >= 0)) return otherwise;
  return amount >= largestAmount ? largestAmount : Math.ceil(amount);
}
