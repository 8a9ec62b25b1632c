import { limit } from '../test-limits.ts';
import type { LeaseAuthority, SyncReply, SyncRequest } from './lease-messages.ts';
import type { LeaseSlot, SlotPorts } from './lease-slot.ts';
import type { LeasedCounter } from './leased-counter.ts';
import { LeasedPeriod } from './leased-period.ts';
import { LeasedWindow } from './leased-window.ts';
import type { Division } from './limit-division.ts';
import { MemberMemory } from './member-memory.ts';

/** The world that authority and members live in. */
export interface World {
  readonly authority: LeaseAuthority;
  /** How a key is divided now, at the authority. */
  division(key: string): Promise<Division | undefined>;
  /** The true time, in milliseconds. */
  now(): number;
  pass(milliseconds: number): Promise<void>;
  readonly leaseMs: number;
  /** The authority loses all that it knows. */
  forget?(): Promise<void>;
}

export const testWindow = limit('tokens', 'minute', 200);
export const testTotal = limit('cost', 'total', 400);
export const testKeys = [testWindow.id, `${testTotal.id}@0`];

/** What a call counts for, in truth. */
export interface Used {
  readonly at: number;
  readonly counter: 'window' | 'total';
  amount: number;
}

interface Running {
  readonly used: Used;
  readonly booking: number;
  readonly reserved: number;
}

/** A member as `LeaseMember` is one that refuses when its lease is over, whose messages a test sends, loses and delays. */
export class ModelMember implements SlotPorts {
  readonly isBounded = true;
  readonly counters: { readonly window: LeasedCounter; readonly total: LeasedCounter };
  readonly running: Running[] = [];
  readonly late: { readonly request: SyncRequest; readonly sentAt: number }[] = [];
  /** So many of its next messages get lost. */
  cutOff = 0;
  readonly id: string;
  readonly #world: World;
  readonly #clockOffset: number;
  readonly #stored: () => number;
  readonly #memory = new MemberMemory();
  #seq = 0;
  #isAllTold = true;
  #others: readonly string[] = [];
  #knewAllAt = Number.NEGATIVE_INFINITY;
  #leaseFrom = Number.NEGATIVE_INFINITY;

  /** @param stored what all have used of the total, as a database would know it */
  constructor(id: string, world: World, clockOffset: number, stored: () => number) {
    this.id = id;
    this.#world = world;
    this.#stored = stored;
    this.#clockOffset = clockOffset;
    this.counters = { window: new LeasedWindow(testWindow, this), total: new LeasedPeriod(testTotal, this.at, this) };
  }

  /** Whether nobody else can have been granted anything without its knowing: it knows all, or would have been waited for. */
  knows(members: readonly ModelMember[]): boolean {
    if (this.#world.now() - this.#knewAllAt <= this.#world.leaseMs) return true;
    return this.#leaseFrom > 0 && members.every(({ id }) => id === this.id || this.#others.includes(id));
  }

  /** Whether an authority has answered what it said after that. */
  wasAnsweredAfter(time: number): boolean {
    return this.#leaseFrom > time;
  }

  get mayAdmit(): boolean {
    return this.#world.now() < this.#leaseFrom + this.#world.leaseMs;
  }

  /** Its own clock, which may be off by minutes. */
  get at() {
    const now = this.#world.now() + this.#clockOffset;
    return { monotonicMs: now, wallMs: Date.UTC(2026, 3, 15, 12) + now };
  }

  get slots(): LeaseSlot[] {
    return Object.values(this.counters).map((counter) => counter.slot(this.at));
  }

  touched(): void {}

  pressing(): void {}

  take(counter: 'window' | 'total', amount: number): Used | undefined {
    const own = this.counters[counter];
    if (own.available(this.at) < amount) {
      own.slot(this.at).needed = amount;
      return undefined;
    }
    own.slot(this.at).needed = 0;
    const used = { at: this.#world.now(), counter, amount };
    this.running.push({ used, booking: own.take(this.at, amount), reserved: amount });
    return used;
  }

  end(which: number, taken: number): void {
    const [call] = this.running.splice(which % Math.max(1, this.running.length), 1);
    if (call === undefined) return;
    const amount = Math.min(taken, call.reserved);
    this.counters[call.used.counter].settle(this.at, call.booking, call.reserved, amount);
    call.used.amount = amount;
  }

  async sync(lossAsked: Loss): Promise<void> {
    const lose = this.cutOff-- > 0 && lossAsked !== 'delayed' ? 'request' : lossAsked;
    const { slots } = this;
    const sentAt = this.#world.now();
    for (const counter of Object.values(this.counters)) counter.refresh(this.at);
    const reports = slots.map((slot) => slot.report(this.at.monotonicMs, 60_000));
    const words = this.#memory.words(this.#isAllTold);
    const request = { member: this.id, seq: ++this.#seq, isLeaving: false, ...words, reports };
    if (lose === 'delayed') this.late.push({ request, sentAt });
    const reply = lose === 'request' || lose === 'delayed' ? undefined : await this.#world.authority.sync(request);
    if (reply === undefined || reply.isStale || lose === 'reply') for (const slot of slots) slot.failed();
    else this.#heard(slots, reply, sentAt);
  }

  /** A message that was on its way for long, but for less than a lease, arrives, and nobody waits for its reply any more. */
  async arrive(): Promise<void> {
    const late = this.late.shift();
    if (late === undefined || this.#world.now() - late.sentAt > this.#world.leaseMs) return;
    await this.#world.authority.sync(late.request);
  }

  #heard(slots: LeaseSlot[], reply: SyncReply, sentAt: number): void {
    const wasOver = !this.mayAdmit;
    if (this.#memory.heard(reply)) {
      this.#isAllTold = false;
      if (wasOver) for (const slot of slots) slot.giveUp();
    }
    if (reply.slots.length > 0) this.#isAllTold = true; // each of its messages tells all
    this.#leaseFrom = sentAt;
    if (reply.others !== undefined) this.#others = reply.others;
    if (this.#memory.words(false).view === reply.view) this.#knewAllAt = sentAt;
    for (const [index, slot] of slots.entries()) {
      const answer = reply.slots[index];
      if (answer === undefined) {
        slot.failed();
        continue;
      }
      slot.needed = 0;
      slot.acknowledged(this.at.monotonicMs, answer);
      if (slot.isUnknown && reply.graceMs === 0) slot.begin(this.#stored(), true);
      if (reply.recalled.includes(slot.key)) slot.isRecalled = true;
    }
  }
}

/** What becomes of a message. */
export type Loss = 'nothing' | 'request' | 'reply' | 'delayed';
