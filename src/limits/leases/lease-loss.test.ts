import { describe, expect, it } from 'vitest';
import {
  type LeaseSpans,
  leaseSpans,
  type SlotReport,
  type SyncReply,
  type SyncRequest,
  strictMissingMs,
} from './lease-messages.ts';
import { MemoryAuthority } from './memory-authority.ts';

const nothing = { allotted: 0, used: 0, step: 0, wanted: 0, needed: 0, base: undefined };
const strict = { grace: leaseSpans.grace, missing: strictMissingMs };
const shared = { grace: leaseSpans.grace, missing: leaseSpans.missing };

/** An authority that can lose everything, and members whose words a test chooses. */
class Table {
  time = 0;
  readonly #spans: Partial<LeaseSpans>;
  readonly #seqs = new Map<string, number>();
  #authority!: MemoryAuthority;

  constructor(spans: Partial<LeaseSpans>) {
    this.#spans = spans;
    this.lose();
  }

  lose(): void {
    this.#authority = new MemoryAuthority(this.#spans, () => this.time);
  }

  /** Of a window of 100. */
  say(
    member: string,
    words: Partial<SyncRequest>,
    numbers: Partial<SlotReport> = {},
    kind: SlotReport['kind'] = 'window',
  ) {
    const seq = (this.#seqs.get(member) ?? 0) + 1;
    this.#seqs.set(member, seq);
    const reports = [{ key: kind, kind, maximum: 100, ...nothing, ...numbers }];
    const request = { member, seq, isLeaving: false, epoch: '', view: 0, remembered: undefined, reports, ...words };
    return this.#authority.handle(request);
  }

  /** Time passes for the authority only while somebody speaks to it. */
  pass(milliseconds: number, member: string, words: Partial<SyncRequest>): void {
    for (let passed = 0; passed < milliseconds; passed += 1000) {
      this.time += 1000;
      this.say(member, words);
    }
  }
}

const knowing = ({ epoch, view }: SyncReply): Partial<SyncRequest> => ({ epoch, view });
const allotted = ({ slots }: SyncReply) => slots[0]?.allotted;

describe('an authority that lost everything', () => {
  it('waits for those whom one remembers, and grants as soon as all have told what they hold', () => {
    const table = new Table(strict);
    const before = { epoch: 'lost:1', view: 7 };
    const first = table.say('a', before, { allotted: 20 });
    expect(first).toMatchObject({ isAsking: true, others: undefined, slots: [] });
    table.pass(4000, 'a', { ...knowing(first), remembered: ['b'] });
    const waiting = table.say('a', { ...knowing(first), remembered: ['b'] }, { allotted: 20, wanted: 80 });
    expect([allotted(waiting), waiting.graceMs > 0, waiting.isAsking, waiting.others]).toEqual([
      20,
      true,
      false,
      ['b'],
    ]);
    const late = table.say('b', before, { allotted: 70 });
    table.say('b', { ...knowing(late), remembered: ['a'] }, { allotted: 70 });
    const granted = table.say('a', knowing(waiting), { allotted: 20, wanted: 80 });
    expect([allotted(granted), granted.graceMs]).toEqual([30, 0]);
  });

  it.each([
    ['a lease where members share', shared, leaseSpans.lease],
    ['until nothing of it counts where members refuse', strict, strictMissingMs],
  ])('waits for one that never comes, for %s', (_, spans, longest) => {
    const table = new Table(spans);
    const { epoch } = table.say('a', { epoch: 'lost:1' });
    table.say('a', { epoch, remembered: ['b'] });
    table.pass(longest - 1000, 'a', { epoch });
    expect(allotted(table.say('a', { epoch }, { wanted: 100 }))).toBe(0);
    table.pass(1000, 'a', { epoch });
    expect(allotted(table.say('a', { epoch }, { wanted: 100 }))).toBe(100);
  });

  it('takes nothing for true that was said to the authority before it', () => {
    const table = new Table(strict);
    const { epoch } = table.say('a', { epoch: 'lost:1', view: 1, remembered: [] }, { allotted: 100, used: 90 });
    table.pass(4000, 'a', { epoch });
    expect(table.say('a', { epoch })).toMatchObject({ isAsking: true, slots: [{ allotted: 0 }] });
    const told = table.say('a', { epoch, remembered: [] });
    expect(told).toMatchObject({ isAsking: false, others: [] }); // it knows this view only now, whatever number it named
  });

  it('waits for one that seems to be new, and that another remembers', () => {
    const table = new Table(strict);
    table.say('b', {}); // sent long ago, before it held anything
    const { epoch } = table.say('a', { epoch: 'lost:1' });
    table.say('a', { epoch, remembered: ['b'] });
    table.pass(5000, 'a', { epoch });
    expect(allotted(table.say('a', { epoch }, { wanted: 100 }))).toBe(0);
    expect(table.say('b', {}, { wanted: 100 })).toMatchObject({ isAsking: true, slots: [{ allotted: 0 }] });
    table.say('b', { epoch, remembered: ['a'] });
    expect(allotted(table.say('b', { epoch, view: 1000 }, { wanted: 100 }))).toBe(0); // the other knows nothing of it yet
    const told = table.say('a', { epoch });
    table.say('a', knowing(told));
    expect(allotted(table.say('b', { epoch, view: 1000 }, { wanted: 60 }))).toBe(60);
  });

  it('does not wait for one that is new, and has said so once', () => {
    const table = new Table(strict);
    const { epoch } = table.say('b', {});
    table.pass(1000, 'b', { epoch });
    table.say('a', { epoch: 'lost:1' });
    table.say('a', { epoch, remembered: ['b'] });
    table.pass(3000, 'b', { epoch, view: 1000 });
    expect(allotted(table.say('a', { epoch, view: 1000 }, { wanted: 100 }))).toBe(100);
  });

  it('asks what is stored of a period when all are heard, and not before', () => {
    const table = new Table(strict);
    const { epoch } = table.say('a', { epoch: 'lost:1' });
    const early = table.say('a', { epoch, remembered: ['b'] }, { allotted: 10, base: 5 }, 'period');
    expect(early.slots[0]?.isUnknown).toBe(true);
    table.pass(strictMissingMs, 'a', { epoch });
    const then = table.say('a', { epoch }, { allotted: 10, base: 40, wanted: 100 }, 'period');
    expect(then.slots[0]).toMatchObject({ isUnknown: false, allotted: 60, usedElsewhere: 40 });
  });

  it('counts for good what one may have used that is gone before it could say what is stored', () => {
    const table = new Table({ ...shared, grace: 1 });
    table.say('a', {});
    table.time = 100;
    const { epoch } = table.say('b', {}, { allotted: 60, used: 30, step: 8 }, 'period');
    expect(table.say('a', { epoch }, { base: 20, wanted: 100 }, 'period').slots[0]?.allotted).toBe(20);
    table.pass(leaseSpans.lease + 1000, 'a', { epoch });
    expect(table.say('a', { epoch }, { allotted: 20, wanted: 100 }, 'period').slots[0]).toMatchObject({
      allotted: 72,
      usedElsewhere: 28,
    });
  });
});

describe('a member that comes', () => {
  it('is granted something when all others know it where members refuse, and at once where they share', () => {
    for (const [spans, atOnce] of [
      [strict, 0],
      [shared, 40],
    ] as const) {
      const table = new Table(spans);
      const known = table.say('a', {});
      table.pass(4000, 'a', knowing(known));
      const first = table.say('b', {}, { wanted: 40 });
      expect([allotted(first), first.graceMs > 0]).toEqual([atOnce, atOnce === 0]);
      const told = table.say('a', knowing(known));
      expect(told.others).toEqual(['b']);
      table.say('a', knowing(told));
      expect(allotted(table.say('b', knowing(first), { allotted: atOnce, wanted: 40 - atOnce }))).toBe(40);
    }
  });

  it('does not wait for one whose lease is over', () => {
    const table = new Table(strict);
    const { epoch } = table.say('a', {});
    table.pass(4000, 'b', {});
    expect(allotted(table.say('b', { epoch }, { wanted: 40 }))).toBe(0);
    table.pass(leaseSpans.lease, 'b', { epoch });
    expect(allotted(table.say('b', { epoch }, { wanted: 50 }))).toBe(50);
  });
});
