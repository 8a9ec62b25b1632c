import { largestMaximum } from '../counter.ts';
import { CounterSet } from '../counter-set.ts';
import type { Limit } from '../limit.ts';
import type { Moment } from '../moment.ts';
import type { SlotPorts } from './lease-slot.ts';
import type { LeasedCounter } from './leased-counter.ts';
import { LeasedPeriod } from './leased-period.ts';
import { LeasedPlaces } from './leased-places.ts';
import { LeasedWindow } from './leased-window.ts';

interface Entry {
  readonly counter: LeasedCounter;
  /** Bound limits that use it. */
  users: number;
}

/** Counters that nobody is bound to are looked through when there are so many. */
const fewestSwept = 64;

/** The counters of a member, each limit once. */
export class LeasedCounters {
  readonly #entries = new Map<string, Entry>();
  readonly #ports: SlotPorts;
  readonly #left = new Set<string>();
  readonly #unbound = new FinalizationRegistry<readonly Entry[]>((entries) => this.#unbind(entries));
  #sweepAt = fewestSwept;

  constructor(ports: SlotPorts) {
    this.#ports = ports;
  }

  bind(limits: readonly Limit[], at: Moment): CounterSet {
    if (this.#left.size >= this.#sweepAt) this.#sweep(at);
    const unique = [...new Map(limits.map((limit) => [limit.id, limit])).values()];
    const entries = unique.map((limit) => this.#entry(limit, at));
    for (const entry of entries) entry.users++;
    const counters = entries.map(({ counter }) => counter);
    const set = new CounterSet(unique, counters);
    this.#unbound.register(set, entries);
    return set;
  }

  refresh(at: Moment): void {
    for (const { counter } of this.#entries.values()) counter.refresh(at);
  }

  #entry(limit: Limit, at: Moment): Entry {
    const { id, maximum } = limit;
    if (!(Number.isInteger(maximum) && maximum >= 0 && maximum <= largestMaximum)) {
      throw new RangeError(`the limit ${id} must be a whole number from 0 to ${largestMaximum}, not ${maximum}`);
    }
    let entry = this.#entries.get(id);
    if (entry === undefined) {
      entry = { counter: this.#create(limit, at), users: 0 };
      this.#entries.set(id, entry);
    } else if (entry.counter.limit.maximum !== maximum) {
      for (const slot of entry.counter.slots()) if (slot.allotted > 0) slot.touch();
    }
    entry.counter.limit = limit;
    this.#left.delete(id);
    return entry;
  }

  #create(limit: Limit, at: Moment): LeasedCounter {
    if (limit.resource === 'concurrent') return new LeasedPlaces(limit, this.#ports);
    if (limit.period === 'minute') return new LeasedWindow(limit, this.#ports);
    return new LeasedPeriod(limit, at, this.#ports);
  }

  #unbind(entries: readonly Entry[]): void {
    for (const entry of entries) {
      entry.users--;
      if (entry.users === 0) this.#left.add(entry.counter.limit.id);
    }
  }

  /** Forgets what nobody is bound to and of which nothing is used or held. */
  #sweep(at: Moment): void {
    for (const id of this.#left) {
      const counter = this.#entries.get(id)?.counter;
      if (counter !== undefined && !(counter.isIdle(at) && counter.slot(at).allotted === 0)) continue;
      this.#left.delete(id);
      this.#entries.delete(id);
    }
    this.#sweepAt = Math.max(fewestSwept, 2 * this.#left.size);
  }
}
