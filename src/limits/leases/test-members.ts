import fc from 'fast-check';
import type { Limit } from '../limit.ts';
import { limit } from '../test-limits.ts';
import { type LeaseAuthority, leaseSpans, type SyncReply, type SyncRequest } from './lease-messages.ts';
import type { LeaseSlot, SlotPorts } from './lease-slot.ts';
import type { LeasedCounter } from './leased-counter.ts';
import { LeasedPeriod } from './leased-period.ts';
import { LeasedWindow } from './leased-window.ts';
import type { Division } from './memory-authority.ts';

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
interface Used {
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
class ModelMember implements SlotPorts {
  readonly isBounded = true;
  readonly counters: { readonly window: LeasedCounter; readonly total: LeasedCounter };
  readonly running: Running[] = [];
  readonly late: SyncRequest[] = [];
  /** So many of its next messages get lost. */
  cutOff = 0;
  readonly #id: string;
  readonly #world: World;
  readonly #clockOffset: number;
  #seq = 0;
  #leaseFrom = Number.NEGATIVE_INFINITY;
  #told = 0;

  constructor(id: string, world: World, clockOffset: number) {
    this.#id = id;
    this.#world = world;
    this.#clockOffset = clockOffset;
    this.counters = { window: new LeasedWindow(testWindow, this), total: new LeasedPeriod(testTotal, this.at, this) };
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
    const request = { member: this.#id, seq: ++this.#seq, isLeaving: false, members: this.#told, reports };
    if (lose === 'delayed') this.late.push(request);
    const reply = lose === 'request' || lose === 'delayed' ? undefined : await this.#world.authority.sync(request);
    if (reply === undefined || reply.isStale || lose === 'reply') for (const slot of slots) slot.failed();
    else this.#heard(slots, reply, sentAt);
  }

  /** A message that was on its way for long arrives, and nobody waits for its reply any more. */
  async arrive(): Promise<void> {
    const request = this.late.shift();
    if (request !== undefined) await this.#world.authority.sync(request);
  }

  #heard(slots: LeaseSlot[], reply: SyncReply, sentAt: number): void {
    this.#leaseFrom = sentAt;
    this.#told = reply.graceMs > 0 ? Math.max(this.#told, reply.members) : reply.members;
    for (const [index, slot] of slots.entries()) {
      slot.needed = 0;
      slot.acknowledged(this.at.monotonicMs, reply.slots[index] as SyncReply['slots'][number]);
      if (slot.isUnknown) slot.begin(0, false);
      if (reply.recalled.includes(slot.key)) slot.isRecalled = true;
    }
  }
}

type Loss = 'nothing' | 'request' | 'reply' | 'delayed';
const who = fc.nat(2);
const counter = fc.constantFrom('window' as const, 'total' as const);

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('take' as const),
      who,
      counter,
      amount: fc.integer({ min: 1, max: 120 }),
      asks: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('end' as const), who, which: fc.nat(9), taken: fc.nat(400) }) },
  {
    weight: 14,
    arbitrary: fc.record({
      do: fc.constant('sync' as const),
      who,
      lose: fc.constantFrom<Loss>('nothing', 'nothing', 'nothing', 'nothing', 'request', 'reply', 'delayed'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('arrive' as const), who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('kill' as const), who }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('part' as const), who, steps: fc.integer({ min: 4, max: 40 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      part: fc.constantFrom(0.01, 0.05, 0.1, 0.1, 0.15, 0.19),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;
export const stepLists = fc.array(step, { minLength: 20, maxLength: 150, size: 'max' });

/** What a member that is gone has used is known to the authority alone, so that here none is killed when it may forget. */
export const forgetfulLists = fc.array(
  fc.oneof(
    {
      weight: 30,
      arbitrary: step.filter(
        (one) => one.do !== 'kill' && one.do !== 'arrive' && !(one.do === 'sync' && one.lose === 'delayed'),
      ),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('forget' as const) }) },
  ),
  { minLength: 20, maxLength: 150, size: 'max' },
);

/** What happened, to see that a run is no empty one. */
export interface Story {
  admitted: number;
  refused: number;
}

/**
 * Three members do what the list says.
 * @throws Error where the authority's sums, or what the members used in truth, are above the limit at any step
 */
export async function live(steps: readonly (Step | { readonly do: 'forget' })[], world: World, run: string) {
  const story: Story = { admitted: 0, refused: 0 };
  const offsets = [0, 240_000, -180_000];
  let born = 0;
  const create = (index: number) => new ModelMember(`${run}-${index}-${born++}`, world, offsets[index] as number);
  const members = [0, 1, 2].map(create);
  const all: Used[] = [];
  for (const one of steps) {
    if (one.do === 'pass') await world.pass(one.part * world.leaseMs);
    else if (one.do === 'forget') await world.forget?.();
    else if (one.do === 'kill') members[one.who] = create(one.who);
    else {
      const member = members[one.who] as ModelMember;
      if (one.do === 'part') member.cutOff = one.steps;
      else if (one.do === 'end') member.end(one.which, one.taken);
      else if (one.do === 'sync') await member.sync(one.lose);
      else if (one.do === 'arrive') await member.arrive();
      else {
        let used = member.take(one.counter, one.amount);
        if (used === undefined && one.asks) {
          await member.sync('nothing');
          used = member.take(one.counter, one.amount);
        }
        if (used !== undefined) all.push(used);
        story[used === undefined ? 'refused' : 'admitted']++;
      }
    }
    await check(world, all);
  }
  return story;
}

async function check(world: World, all: readonly Used[]): Promise<void> {
  for (const key of testKeys) {
    const found = await world.division(key);
    if (found !== undefined && found.base + found.allotted + found.orphaned > found.maximum) {
      throw new Error(`${key} is divided into more than there is: ${JSON.stringify(found)}`);
    }
  }
  const sum = (which: Used['counter'], since: number) =>
    all.reduce((total, { at, counter: own, amount }) => total + (own === which && at > since ? amount : 0), 0);
  const inWindow = sum('window', world.now() - leaseSpans.window);
  const ever = sum('total', Number.NEGATIVE_INFINITY);
  if (inWindow > testWindow.maximum) throw new Error(`${inWindow} were used within the window`);
  if (ever > testTotal.maximum) throw new Error(`${ever} were used in all`);
}

/** The limits that the suite uses, for those who look at keys. */
export const testLimits: readonly Limit[] = [testWindow, testTotal];
