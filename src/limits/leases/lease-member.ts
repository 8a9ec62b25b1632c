import { randomUUID } from 'node:crypto';
import type { Moment } from '../moment.ts';
import { AuthorityReach, type AuthorityState } from './authority-reach.ts';
import { type LeaseAuthority, leaseSpans, mostReports, type SyncReply } from './lease-messages.ts';
import { share } from './lease-share.ts';
import type { LeaseSlot, SlotPorts } from './lease-slot.ts';
import { MemberMemory } from './member-memory.ts';
import { type LoadUsed, StoredUse } from './stored-use.ts';
import { Turns } from './turns.ts';

/** What becomes of limits when their store cannot be reached. */
export type WhenStoreLost = 'share' | 'refuse';

export interface LeaseMemberOptions {
  readonly authority: LeaseAuthority;
  readonly clock: { read(): Moment };
  readonly whenLost: WhenStoreLost;
  /** What is stored of limits in their periods; left out where nothing is stored. */
  readonly loadUsed?: LoadUsed | undefined;
  /** How many members there are where nobody has ever said it. */
  readonly expectedMembers?: number;
  /** Told of every change, and of what was unknown at first. */
  readonly onState?: (state: AuthorityState) => void;
  readonly id?: string;
}

/** Beyond this much earlier than at the authority, a lease is over here. */
const leaseMarginMs = 500;
const idleMs = 60_000;
const busyGapMs = 100;
const restGapMs = 1000;
const shortestGapMs = 10;
const waitingGapMs = 25;

/** Takes part in sharing limits: tells the authority what was used, and what is wanted. One message at a time. */
export class LeaseMember implements SlotPorts {
  readonly id: string;
  isBounded = true;
  /** Milliseconds by which the authority's clock is ahead of this machine's. */
  wallOffsetMs = 0;
  readonly #options: LeaseMemberOptions;
  readonly #touched = new Set<LeaseSlot>();
  /** Slots of which this member holds or uses something. */
  readonly #held = new Map<string, LeaseSlot>();
  readonly #stored: StoredUse;
  readonly #memory = new MemberMemory();
  /** What an authority that knows nothing of it has to be told still. */
  readonly #untold = new Set<LeaseSlot>();
  readonly #listeners: (() => void)[] = [];
  readonly #refresh: (at: Moment) => void;
  readonly #turns: Turns;
  readonly #reach: AuthorityReach;
  #seq = 0;
  #sweptAt = 0;
  #isClosed = false;
  #isUrgent = false;
  #waiting = 0;

  /** @param refresh brings what is used up to date in all slots, as time passes by itself */
  constructor(options: LeaseMemberOptions, refresh: (at: Moment) => void) {
    this.#options = options;
    this.#refresh = refresh;
    this.id = options.id ?? randomUUID();
    this.#reach = new AuthorityReach((state) => {
      if (!this.#isClosed) options.onState?.(state);
    });
    this.#stored = new StoredUse(options.loadUsed, () => this.#turns.within(0));
    this.#turns = new Turns(
      () => this.#sync(false),
      () => this.#nextGap(),
      shortestGapMs,
    );
  }

  get state(): AuthorityState {
    return this.#reach.state;
  }

  get mayAdmit(): boolean {
    if (this.#options.whenLost === 'share') return true;
    return this.#options.clock.read().monotonicMs < this.#reach.answeredFrom + leaseSpans.lease - leaseMarginMs;
  }

  /** Called after each message, whether it was answered or not. */
  onSync(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Resolves when the authority grants, or is known to be lost. */
  async ready(timeoutMs: number): Promise<void> {
    const end = performance.now() + timeoutMs;
    while (performance.now() < end) {
      if (this.isLost || (this.#reach.wasReached && this.#memory.graceMs === 0)) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  touched(slot: LeaseSlot): void {
    this.#touched.add(slot);
    this.#turns.within(this.isLost ? this.#reach.backoffMs : busyGapMs);
  }

  pressing(): void {
    if (this.isLost || this.#isUrgent) return;
    this.#isUrgent = true;
    this.#turns.within(shortestGapMs);
  }

  /** A call waits for this slot. */
  wait(slot: LeaseSlot, amount: number): void {
    slot.needed += amount;
    this.#waiting++;
    slot.touch();
    this.#isUrgent = true;
    if (!this.isLost) this.#turns.within(0);
  }

  endWait(slot: LeaseSlot, amount: number): void {
    slot.needed -= amount;
    this.#waiting--;
  }

  /** While the store is lost: brings a slot's share up to date. */
  shareLost(slot: LeaseSlot): void {
    if (!this.isLost || this.#options.whenLost !== 'share') return;
    if (slot.kind === 'period' && slot.unallotted === undefined) this.#stored.tell([slot]);
    share(
      slot,
      this.#options.clock.read().monotonicMs - this.#reach.lostAt,
      this.#memory.members || (this.#options.expectedMembers ?? 1),
    );
  }

  get isLost(): boolean {
    return this.#reach.isLost;
  }

  /** Gives back all that was not used. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#turns.close();
    this.#refresh(this.#options.clock.read());
    for (const slot of this.#held.values()) this.#touched.add(slot);
    while (!this.isLost && this.#reach.wasReached) {
      await this.#sync(true);
      // An authority that waits for others takes no word of a period, however often it is said.
      if ([...this.#touched].every(({ isUnknown }) => isUnknown && this.#memory.graceMs > 0)) break;
    }
    await this.#options.authority.close();
  }

  #nextGap(): number {
    if (this.isLost) return this.#reach.backoffMs;
    if (this.#isUrgent) return 0;
    if (this.#waiting > 0) return waitingGapMs;
    if (this.#touched.size >= mostReports) return 0;
    return this.#touched.size > 0 || this.#held.size > 0 || this.#memory.graceMs > 0 ? busyGapMs : restGapMs;
  }

  async #sync(isLeaving: boolean): Promise<void> {
    const at = this.#options.clock.read().monotonicMs;
    if (at - this.#sweptAt >= restGapMs && !isLeaving) this.#sweep(at);
    this.#isUrgent = false;
    const slots = this.#pick();
    const reports = slots.map((slot) => slot.report(at, idleMs));
    try {
      const words = this.#memory.words(this.#untold.size === 0);
      const request = { member: this.id, seq: ++this.#seq, isLeaving, ...words, reports };
      const reply = await this.#options.authority.sync(request);
      if (reply.isStale) throw new Error('a later message was handled already');
      this.#answered(at, reply);
      this.#apply(slots, reply);
    } catch (error) {
      for (const slot of slots) slot.failed();
      this.isBounded = this.#options.whenLost === 'refuse';
      this.#reach.failed(at, error instanceof Error ? error : new Error(String(error)));
    }
    for (const listener of this.#listeners) listener();
  }

  /** Those that calls wait for come first. */
  #pick(): LeaseSlot[] {
    const picked: LeaseSlot[] = [];
    const pick = (areNeeded: boolean) => {
      for (const slot of this.#touched) {
        if (picked.length >= mostReports) return;
        if (slot.needed > 0 !== areNeeded) continue;
        this.#touched.delete(slot);
        picked.push(slot);
      }
    };
    if (this.#waiting > 0) pick(true);
    pick(false);
    return picked;
  }

  #apply(slots: readonly LeaseSlot[], reply: SyncReply): void {
    const now = this.#options.clock.read().monotonicMs;
    const offset = reply.wallMs - Date.now();
    if (Math.abs(offset - this.wallOffsetMs) > 500) this.wallOffsetMs = offset;
    for (const [index, slot] of slots.entries()) {
      const answer = reply.slots[index];
      if (answer === undefined) {
        slot.failed();
        continue;
      }
      this.#untold.delete(slot);
      slot.acknowledged(now, answer);
      if (slot.allotted > 0 || slot.used > 0) this.#held.set(slot.key, slot);
      else this.#held.delete(slot.key);
    }
    for (const key of reply.recalled) {
      const slot = this.#held.get(key);
      if (slot === undefined) continue;
      slot.isRecalled = true;
      slot.touch();
      this.#isUrgent = true; // a call waits for it elsewhere
    }
    const unknown = slots.filter(({ isUnknown }) => isUnknown);
    if (unknown.length > 0 && reply.graceMs === 0) this.#stored.tell(unknown);
  }

  /** Looks after what nobody touches: windows that empty by themselves, and what has not been used for long. */
  #sweep(at: number): void {
    this.#sweptAt = at;
    this.#refresh(this.#options.clock.read());
    for (const slot of this.#held.values()) {
      const isIdle = at - slot.activeAt > idleMs;
      if (slot.kind === 'window' ? slot.used > 0 || isIdle : isIdle && slot.spare > 0) slot.touch();
      if (this.isLost) this.shareLost(slot);
    }
  }

  #answered(sentAt: number, reply: SyncReply): void {
    this.isBounded = true;
    const wasOver = !this.mayAdmit;
    const isBack = this.#reach.answered(sentAt);
    const isNew = this.#memory.heard(reply);
    for (const slot of isBack || isNew ? this.#held.values() : []) {
      slot.touch();
      if (isNew) this.#untold.add(slot);
      if (isNew && wasOver) slot.giveUp();
    }
  }
}
