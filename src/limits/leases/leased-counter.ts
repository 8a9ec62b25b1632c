import type { Counter } from '../counter.ts';
import type { Limit, LimitState } from '../limit.ts';
import type { Moment } from '../moment.ts';
import type { LeaseSlot } from './lease-slot.ts';

/** A counter over what this process was allotted. */
export interface LeasedCounter extends Counter {
  limit: Limit;
  /** What holds of the limit now. */
  slot(at: Moment): LeaseSlot;
  /** Brings what is used up to date, as time passes by itself. */
  refresh(at: Moment): void;
  /** Whether nothing is used, so that it may be forgotten. */
  isIdle(at: Moment): boolean;
  /** All slots that are still of use. */
  slots(): Iterable<LeaseSlot>;
}

/** How all processes together stand, as far as this one knows. */
export function stateOf(slot: LeaseSlot, limit: Limit, resetMs: number | undefined): LimitState {
  const used = slot.used + slot.usedElsewhere;
  // What others hold and have not used may be theirs a moment later, and so may what is nobody's.
  const remaining = Math.max(0, Math.min(limit.maximum - used, limit.maximum));
  return { limit, used, remaining, resetMs, scope: slot.mayAdmit && slot.shareStage === 0 ? 'shared' : 'process' };
}
