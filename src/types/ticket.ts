import type { RateState, Reservation } from '../limits/limiter.ts';

/** What was reserved for a call at one of its candidates; settled exactly once. */
export interface Ticket {
  /** Undefined where the model has no rates. */
  readonly reservation: Reservation | undefined;
  readonly state: RateState | undefined;
}
