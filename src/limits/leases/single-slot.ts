import type { Limit } from '../limit.ts';
import { LeaseSlot, type SlotPorts } from './lease-slot.ts';

/** A limit that is no matter of periods, so that one slot is all of it. */
export class SingleSlot {
  protected readonly own: LeaseSlot;

  constructor(limit: Limit, ports: SlotPorts) {
    this.own = new LeaseSlot(limit, 0, ports);
  }

  get limit(): Limit {
    return this.own.limit;
  }

  set limit(limit: Limit) {
    this.own.limit = limit;
  }

  slot(): LeaseSlot {
    return this.own;
  }

  slots(): Iterable<LeaseSlot> {
    return [this.own];
  }
}
