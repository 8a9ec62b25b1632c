import { windowMs } from '../sliding-window.ts';
import type { LeaseSlot } from './lease-slot.ts';

/** Members notice a lost store at different moments. */
const skewMs = 2000;

/**
 * What a member may take while the store of limits is lost and `when_store_lost` is `share`: for 60 seconds what it
 * holds. Then what is more than an equal share of the limit is given up, and 60 seconds later, when no window holds more
 * than that any more, everybody has its equal share. Of a period, what nobody held is shared once.
 * @param members those that were there last
 */
export function share(slot: LeaseSlot, lostForMs: number, members: number): void {
  if (slot.kind === 'period') {
    if (slot.shareStage > 0 || lostForMs < windowMs || slot.unallotted === undefined) return;
    slot.shareStage = 2;
    slot.allotted += Math.floor(Math.max(0, slot.unallotted) / members);
    return;
  }
  const equal = Math.floor(slot.limit.maximum / members);
  if (slot.shareStage === 0 && lostForMs >= windowMs) {
    slot.shareStage = 1;
    slot.allotted = Math.min(slot.allotted, equal);
  }
  if (slot.shareStage === 1 && lostForMs >= 2 * windowMs + skewMs) {
    slot.shareStage = 2;
    slot.allotted = equal;
  }
}
