import type { Counter } from './counter.ts';
import { countable } from './counter.ts';
import type { CounterChange } from './counter-change.ts';
import type { Admission, BoundLimits, Grant } from './governor.ts';
import type { Demand, Limit, LimitState, Resource } from './limit.ts';
import type { Clock, Moment } from './moment.ts';

/** What grants need of their governor. */
export interface GrantPorts {
  readonly clock: Clock;
  /** Told of every call's end, in the same step, what it took of limits that are kept over restarts. */
  readonly onSettled: ((changes: readonly CounterChange[]) => void) | undefined;
}

type Refusal = Extract<Admission, { admitted: false }>;

/** The counters of all limits that hold for a caller, and the one step over them: all is taken, or nothing. */
export class CounterSet implements BoundLimits {
  readonly limits: readonly Limit[];
  readonly counters: readonly Counter[];
  readonly #resources: readonly Resource[];

  /** @param counters one for each limit, in the same order */
  constructor(limits: readonly Limit[], counters: readonly Counter[]) {
    this.limits = limits;
    this.counters = counters;
    this.#resources = limits.map(({ resource }) => resource);
  }

  /**
   * Reserves what a call needs. It is one synchronous step.
   * @returns undefined where a limit has too little left; then nothing was taken
   */
  take(at: Moment, demand: Demand, ports: GrantPorts): Grant | undefined {
    const { counters } = this;
    const requests = countable(demand.requests, 0);
    const tokens = countable(demand.tokens, 0);
    const cost = countable(demand.cost, 0);
    for (let i = 0; i < counters.length; i++) {
      const amount = this.amount(i, requests, tokens, cost, 1);
      if (amount > 0 && (counters[i] as Counter).available(at) < amount) return undefined;
    }
    const bookings: number[] = [];
    for (let i = 0; i < counters.length; i++) {
      bookings.push((counters[i] as Counter).take(at, this.amount(i, requests, tokens, cost, 1)));
    }
    return new CounterGrant(this, bookings, requests, tokens, cost, ports);
  }

  /** Why such a demand was refused just now: the limit that is free last. */
  refusal(at: Moment, demand: Demand): Refusal {
    let by: Counter | undefined;
    let longest: number | undefined = -1;
    for (const [i, counter] of this.counters.entries()) {
      const amount = this.amountOf(i, demand, 1);
      if (amount === 0 || counter.available(at) >= amount) continue;
      const wait = counter.timeToFree(at, amount);
      if (longest !== undefined && (wait === undefined || wait > longest)) {
        by = counter;
        longest = wait;
      }
    }
    if (by === undefined) throw new Error('no limit refuses this demand');
    return { admitted: false, refusedBy: by.state(at), retryAfterMs: longest };
  }

  state(at: Moment): LimitState[] {
    return this.counters.map((counter) => counter.state(at));
  }

  /** Which of these amounts the limit at this index counts. */
  amount(index: number, requests: number, tokens: number, cost: number, places: number): number {
    const resource = this.#resources[index];
    if (resource === 'tokens') return tokens;
    if (resource === 'cost') return cost;
    return resource === 'requests' ? requests : places;
  }

  /** What a demand takes of the limit at this index. */
  amountOf(index: number, { requests, tokens, cost }: Demand, places: number): number {
    return this.amount(index, countable(requests, 0), countable(tokens, 0), countable(cost, 0), places);
  }
}

/** What a call has reserved of each counter of a set. */
class CounterGrant implements Grant {
  readonly #set: CounterSet;
  readonly #bookings: number[];
  readonly #ports: GrantPorts;
  #requests: number;
  #tokens: number;
  #cost: number;
  #isOver = false;
  #hasLeft = false;

  constructor(set: CounterSet, bookings: number[], requests: number, tokens: number, cost: number, ports: GrantPorts) {
    this.#set = set;
    this.#bookings = bookings;
    this.#requests = requests;
    this.#tokens = tokens;
    this.#cost = cost;
    this.#ports = ports;
  }

  extend(more: Demand): boolean {
    if (this.#isOver) return false;
    const { counters } = this.#set;
    const at = this.#ports.clock.read();
    for (const [i, counter] of counters.entries()) {
      const amount = this.#set.amountOf(i, more, 0);
      if (amount > 0 && counter.availableTo(at, this.#bookings[i] as number) < amount) return false;
    }
    for (const [i, counter] of counters.entries()) {
      const amount = this.#set.amountOf(i, more, 0);
      if (amount > 0) this.#bookings[i] = counter.extend(at, this.#bookings[i] as number, amount);
    }
    this.#requests += countable(more.requests, 0);
    this.#tokens += countable(more.tokens, 0);
    this.#cost += countable(more.cost, 0);
    return true;
  }

  leave(): void {
    if (this.#isOver || this.#hasLeft) return;
    const at = this.#ports.clock.read();
    for (const [i, counter] of this.#set.counters.entries()) {
      if (counter.limit.resource === 'concurrent') counter.giveBack(at, this.#bookings[i] as number, 1);
    }
    this.#hasLeft = true;
  }

  settle(taken: Demand): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { counters } = this.#set;
    const { clock, onSettled } = this.#ports;
    const at = clock.read();
    // What is no number is not known: then what was reserved counts.
    const requests = countable(taken.requests, this.#requests);
    const tokens = countable(taken.tokens, this.#tokens);
    const cost = countable(taken.cost, this.#cost);
    let changes: CounterChange[] | undefined;
    for (let i = 0; i < counters.length; i++) {
      const counter = counters[i] as Counter;
      const used = this.#set.amount(i, requests, tokens, cost, 0);
      const held = this.#held(i);
      const start = counter.settle(at, this.#bookings[i] as number, held, used);
      if (start === undefined || onSettled === undefined || used === 0) continue;
      changes ??= [];
      changes.push({ limitId: counter.limit.id, periodStart: start, used });
    }
    if (changes !== undefined) onSettled?.(changes);
  }

  release(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const at = this.#ports.clock.read();
    for (const [i, counter] of this.#set.counters.entries()) {
      counter.giveBack(at, this.#bookings[i] as number, this.#held(i));
    }
  }

  /** Sums of amounts, so not to be cut to the largest single one. */
  #held(index: number): number {
    return this.#set.amount(index, this.#requests, this.#tokens, this.#cost, this.#hasLeft ? 0 : 1);
  }
}
