import { ConcurrencyCounter } from './concurrency-counter.ts';
import { type Counter, largestMaximum } from './counter.ts';
import type { CounterChange } from './counter-change.ts';
import { CounterSet, type GrantPorts } from './counter-set.ts';
import type { Admission, BoundLimits, Governor } from './governor.ts';
import type { Demand, Limit, LimitState } from './limit.ts';
import { Clock, type Moment } from './moment.ts';
import { PeriodCounter } from './period-counter.ts';
import { WindowCounter } from './window-counter.ts';

export interface MemoryGovernorOptions {
  /** Told at the end of every call, before `settle` returns, what it took of limits that are kept over restarts. */
  readonly onSettled?: (changes: readonly CounterChange[]) => void;
  /** Told when limits were bound of which `unloaded` tells periods that are new there. */
  readonly onUnloaded?: () => void;
  readonly clock?: Clock;
}

/** A period of a limit whose use before this process began is not known. */
export interface UnloadedPeriod {
  readonly limitId: string;
  readonly periodStart: number;
}

type OwnCounter = (WindowCounter | PeriodCounter | ConcurrencyCounter) & Counter;

interface Entry {
  readonly counter: OwnCounter;
  /** Bound limits that use it. */
  users: number;
}

/** Counters that nobody is bound to are looked through when there are so many. */
const fewestSwept = 64;

/** Exact limits within one process. To admit is one synchronous step, so nothing can come in between. */
export class MemoryGovernor implements Governor {
  readonly #entries = new Map<string, Entry>();
  readonly #clock: Clock;
  readonly #ports: GrantPorts;
  readonly #onUnloaded: (() => void) | undefined;
  /** What nobody is bound to, but still counts. */
  readonly #left = new Set<string>();
  #sweepAt = fewestSwept;
  readonly #unbound = new FinalizationRegistry<readonly Entry[]>((entries) => this.#unbind(entries));

  constructor(options: MemoryGovernorOptions = {}) {
    this.#clock = options.clock ?? new Clock();
    this.#ports = { clock: this.#clock, onSettled: options.onSettled };
    this.#onUnloaded = options.onUnloaded;
  }

  /** How many limits are counted, those included that nobody is bound to any more. */
  get size(): number {
    return this.#entries.size;
  }

  /** A limit that is there already keeps what was used of it, whatever its number is now. */
  bind(limits: readonly Limit[]): CounterSet {
    const at = this.#clock.read();
    if (this.#left.size >= this.#sweepAt) this.#sweep(at);
    const { size } = this.#entries;
    const unique = [...new Map(limits.map((limit) => [limit.id, limit])).values()];
    const entries = unique.map((limit) => this.#entry(limit, at));
    for (const entry of entries) entry.users++;
    const set = new CounterSet(
      unique,
      entries.map(({ counter }) => counter),
    );
    this.#unbound.register(set, entries);
    const isNew = this.#entries.size > size;
    if (isNew && entries.some(({ counter }) => counter instanceof PeriodCounter)) this.#onUnloaded?.();
    return set;
  }

  admit(bound: BoundLimits, demand: Demand): Admission {
    const set = bound as CounterSet;
    const at = this.#clock.read();
    const grant = set.take(at, demand, this.#ports);
    return grant === undefined ? set.refusal(at, demand) : { admitted: true, grant };
  }

  state(bound: BoundLimits): readonly LimitState[] {
    return (bound as CounterSet).state(this.#clock.read());
  }

  /** The present periods of bound limits for which `load` was not called yet. */
  unloaded(): readonly UnloadedPeriod[] {
    const at = this.#clock.read();
    const periods: UnloadedPeriod[] = [];
    for (const [limitId, { counter, users }] of this.#entries) {
      if (users === 0 || !(counter instanceof PeriodCounter)) continue;
      const start = counter.unloaded(at);
      if (start !== undefined) periods.push({ limitId, periodStart: start });
    }
    return periods;
  }

  /**
   * Adds what was used before this process began. Each period is loaded once; what comes again does nothing.
   * @param periods that were looked up
   * @param found what is stored of them; those that are missing were not used
   */
  load(periods: readonly UnloadedPeriod[], found: readonly CounterChange[]): void {
    const used = new Map(found.map((change) => [`${change.periodStart} ${change.limitId}`, change.used]));
    for (const { limitId, periodStart } of periods) {
      const counter = this.#entries.get(limitId)?.counter;
      if (counter instanceof PeriodCounter) counter.load(periodStart, used.get(`${periodStart} ${limitId}`) ?? 0);
    }
  }

  async close(): Promise<void> {}

  #entry(limit: Limit, at: Moment): Entry {
    checkMaximum(limit);
    let entry = this.#entries.get(limit.id);
    if (entry === undefined) {
      entry = { counter: createCounter(limit, at), users: 0 };
      this.#entries.set(limit.id, entry);
    }
    entry.counter.limit = limit;
    this.#left.delete(limit.id);
    return entry;
  }

  #unbind(entries: readonly Entry[]): void {
    for (const entry of entries) {
      entry.users--;
      if (entry.users === 0) this.#left.add(entry.counter.limit.id);
    }
  }

  /** Forgets what nobody is bound to and of which nothing is used. */
  #sweep(at: Moment): void {
    for (const id of this.#left) {
      if (this.#entries.get(id)?.counter.isIdle(at) === false) continue;
      this.#left.delete(id);
      this.#entries.delete(id);
    }
    this.#sweepAt = Math.max(fewestSwept, 2 * this.#left.size);
  }
}

function createCounter(limit: Limit, at: Moment): OwnCounter {
  if (limit.resource === 'concurrent') return new ConcurrencyCounter(limit);
  return limit.period === 'minute' ? new WindowCounter(limit) : new PeriodCounter(limit, at);
}

function checkMaximum({ id, maximum }: Limit): void {
  if (Number.isInteger(maximum) && maximum >= 0 && maximum <= largestMaximum) return;
  throw new RangeError(`the limit ${id} must be a whole number from 0 to ${largestMaximum}, not ${maximum}`);
}
