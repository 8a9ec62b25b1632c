import type { CounterChange } from '../counter-change.ts';
import type { CounterSet, GrantPorts } from '../counter-set.ts';
import type { Admission, BoundLimits, Governor } from '../governor.ts';
import type { Demand, Limit, LimitState } from '../limit.ts';
import { Clock, type Moment } from '../moment.ts';
import type { AuthorityState } from './authority-reach.ts';
import { LeaseMember, type LeaseMemberOptions } from './lease-member.ts';
import type { LeasedCounter } from './leased-counter.ts';
import { LeasedCounters } from './leased-counters.ts';

export interface LeaseGovernorOptions extends Omit<LeaseMemberOptions, 'clock'> {
  /** Told at the end of every call, before `settle` returns, what it took of limits that are kept over restarts. */
  readonly onSettled?: ((changes: readonly CounterChange[]) => void) | undefined;
  readonly monotonic?: () => number;
  readonly wall?: () => number;
}

/** A call that waits until the authority has answered. */
interface Waiter {
  readonly set: CounterSet;
  readonly demand: Demand;
  readonly lacking: readonly { readonly counter: LeasedCounter; readonly amount: number; end(): void }[];
  readonly timer: NodeJS.Timeout;
  readonly resolve: (admission: Admission) => void;
}

/** A call waits for the authority no longer than this. */
const longestWaitMs = 250;
/** What the authority said is believed for so long. */
const freshMs = 200;
const unavailable =
  'the limits cannot be checked, since the store that all gateways share for them cannot be reached, and calls are to be refused then (limits.when_store_lost: refuse)';

/**
 * Limits that several processes share. A call is admitted from what this process was allotted, in one synchronous step;
 * one that lacks something asks the authority and waits, at most for 250 ms.
 */
export class LeaseGovernor implements Governor {
  readonly #counters: LeasedCounters;
  readonly #clock: Clock;
  readonly #ports: GrantPorts;
  readonly #member: LeaseMember;
  #waiters: Waiter[] = [];

  constructor(options: LeaseGovernorOptions) {
    const wall = options.wall ?? Date.now;
    this.#clock = new Clock(options.monotonic ?? (() => performance.now()), () => wall() + this.#member.wallOffsetMs);
    const clock = new Clock(options.monotonic ?? (() => performance.now()), wall);
    this.#member = new LeaseMember({ ...options, clock }, (at) => this.#counters.refresh(at));
    this.#counters = new LeasedCounters(this.#member);
    this.#ports = { clock: this.#clock, onSettled: options.onSettled };
    this.#member.onSync(() => this.#retry());
  }

  /** How the authority is reached. */
  get authorityState(): AuthorityState {
    return this.#member.state;
  }

  /** Resolves when calls can be admitted, or it is known that the authority is lost. */
  ready(timeoutMs: number): Promise<void> {
    return this.#member.ready(timeoutMs);
  }

  bind(limits: readonly Limit[]): CounterSet {
    return this.#counters.bind(limits, this.#clock.read());
  }

  admit(bound: BoundLimits, demand: Demand): Admission | Promise<Admission> {
    const set = bound as CounterSet;
    const at = this.#clock.read();
    const grant = set.take(at, demand, this.#ports);
    if (grant !== undefined) return { admitted: true, grant };
    return this.#decide(set, demand, at) ?? this.#wait(set, demand, at);
  }

  /** What others used is asked for where it was heard long ago, so that whoever looks again sees it. */
  state(bound: BoundLimits): readonly LimitState[] {
    const set = bound as CounterSet;
    const at = this.#clock.read();
    for (const counter of set.counters as readonly LeasedCounter[]) {
      const slot = counter.slot(at);
      if (at.monotonicMs - slot.toldAt > freshMs) slot.touch();
    }
    return set.state(at);
  }

  async close(): Promise<void> {
    await this.#member.close();
    for (const { resolve, set, demand } of this.#end(this.#waiters)) resolve(this.#refusal(set, demand));
    this.#waiters = [];
  }

  /** What can be said at once; undefined: the authority may have more. */
  #decide(set: CounterSet, demand: Demand, at: Moment): Admission | undefined {
    if (this.#member.isLost) {
      for (const counter of set.counters as readonly LeasedCounter[]) this.#member.shareLost(counter.slot(at));
      const grant = set.take(at, demand, this.#ports);
      return grant === undefined ? this.#refusal(set, demand) : { admitted: true, grant };
    }
    for (const [i, counter] of (set.counters as readonly LeasedCounter[]).entries()) {
      const amount = set.amountOf(i, demand, 1);
      if (amount === 0 || counter.available(at) >= amount) continue;
      if (!mayHave(counter, at, amount)) return this.#refusal(set, demand);
    }
    return undefined;
  }

  #refusal(set: CounterSet, demand: Demand): Admission {
    const refusal = set.refusal(this.#clock.read(), demand);
    return this.#member.mayAdmit ? refusal : { ...refusal, retryAfterMs: 1000, unavailable };
  }

  #wait(set: CounterSet, demand: Demand, at: Moment): Promise<Admission> {
    return new Promise((resolve) => {
      const lacking = (set.counters as readonly LeasedCounter[]).flatMap((counter, i) => {
        const amount = set.amountOf(i, demand, 1);
        if (amount === 0 || counter.available(at) >= amount) return [];
        const slot = counter.slot(at);
        this.#member.wait(slot, amount);
        return [{ counter, amount, end: () => this.#member.endWait(slot, amount) }];
      });
      const timer = setTimeout(() => this.#give(waiter), longestWaitMs);
      const waiter: Waiter = { set, demand, lacking, timer, resolve };
      this.#waiters.push(waiter);
    });
  }

  /** The authority has answered, or will not: first come, first served. */
  #retry(): void {
    if (this.#waiters.length === 0) return;
    const waiting = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiting) {
      const { set, demand } = waiter;
      const at = this.#clock.read();
      const grant = set.take(at, demand, this.#ports);
      const admission = grant === undefined ? this.#decide(set, demand, at) : { admitted: true as const, grant };
      if (admission === undefined) {
        this.#waiters.push(waiter);
        for (const { counter } of waiter.lacking) counter.slot(at).touch();
      } else for (const { resolve } of this.#end([waiter])) resolve(admission);
    }
  }

  /** Its time is over. */
  #give(waiter: Waiter): void {
    const { set, demand } = waiter;
    this.#waiters = this.#waiters.filter((one) => one !== waiter);
    const grant = set.take(this.#clock.read(), demand, this.#ports);
    const admission = grant === undefined ? this.#refusal(set, demand) : { admitted: true as const, grant };
    for (const { resolve } of this.#end([waiter])) resolve(admission);
  }

  #end(waiters: readonly Waiter[]): readonly Waiter[] {
    for (const { timer, lacking } of waiters) {
      clearTimeout(timer);
      for (const one of lacking) one.end();
    }
    return waiters;
  }
}

/** Whether this process may get so much, as far as was said. */
function mayHave(counter: LeasedCounter, at: Moment, amount: number): boolean {
  if (amount > counter.limit.maximum) return false;
  const slot = counter.slot(at);
  if (slot.unallotted === undefined || at.monotonicMs - slot.toldAt > freshMs) return true;
  if (slot.spare + Math.max(0, slot.unallotted) + slot.freeElsewhere >= amount) return true;
  slot.touch(); // so that it is known when it changes
  return false;
}
