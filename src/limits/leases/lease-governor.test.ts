import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { limit } from '../test-limits.ts';
import { LeaseGovernor } from './lease-governor.ts';
import {
  type LeaseAuthority,
  leaseSpans,
  type SyncReply,
  type SyncRequest,
  strictMissingMs,
} from './lease-messages.ts';
import { MemoryAuthority } from './memory-authority.ts';

const strict = { grace: leaseSpans.grace, missing: strictMissingMs };

/** The way of one process to an authority that others use as well. */
class Way implements LeaseAuthority {
  isCut = false;
  readonly sent: SyncRequest[] = [];
  readonly #authority: { current: MemoryAuthority };

  constructor(authority: { current: MemoryAuthority }) {
    this.#authority = authority;
  }

  async sync(request: SyncRequest): Promise<SyncReply> {
    this.sent.push(request);
    await sleep(1);
    if (this.isCut) throw new Error('it cannot be reached');
    return this.#authority.current.handle(request);
  }

  async close(): Promise<void> {}
}

describe('processes whose authority loses everything', () => {
  const one = { requests: 1, tokens: 0, cost: 0 };
  const create = (authority: { current: MemoryAuthority }, monotonic = () => performance.now()) => {
    const way = new Way(authority);
    return { way, governor: new LeaseGovernor({ authority: way, whenLost: 'refuse', monotonic }) };
  };
  const spans = { ...strict, grace: 300 };

  it('give nothing away that one holds that is cut off, and all of it as soon as that is back', async () => {
    const authority = { current: new MemoryAuthority(spans) };
    const [a, b] = [create(authority), create(authority)];
    await Promise.all([a.governor.ready(5000), b.governor.ready(5000)]);
    const limits = [limit('requests', 'minute', 100)];
    const take = async ({ governor }: typeof a, most: number) => {
      let taken = 0;
      const bound = governor.bind(limits);
      while (taken < most && (await governor.admit(bound, one)).admitted) taken++;
      return taken;
    };
    expect(await take(a, 30)).toBe(30);
    a.way.isCut = true;
    authority.current = new MemoryAuthority(spans);
    await sleep(1000);
    const [alone, held] = [await take(b, 100), await take(a, 100)];
    a.way.isCut = false;
    await sleep(3000);
    expect(alone + held + 30).toBeLessThanOrEqual(100);
    expect(alone + held + 30 + (await take(b, 100)) + (await take(a, 100))).toBe(100);
    await Promise.all([a.governor.close(), b.governor.close()]);
  }, 60_000);

  it('say that all is told only when it is, however much they hold', async () => {
    const authority = { current: new MemoryAuthority(spans) };
    const { way, governor } = create(authority);
    await governor.ready(5000);
    const limits = Array.from({ length: 600 }, (_, i) =>
      limit('requests', 'minute', 100, { kind: 'key', name: `k${i}` }),
    );
    const admissions = await Promise.all(limits.map((own) => governor.admit(governor.bind([own]), one)));
    expect(admissions.filter(({ admitted }) => admitted)).toHaveLength(600);
    const before = way.sent.length;
    authority.current = new MemoryAuthority(spans);
    const lostEpoch = way.sent.at(-1)?.epoch;
    await sleep(1500);
    const after = way.sent.slice(before).filter(({ epoch }) => epoch !== lostEpoch);
    const told = new Set<string>();
    for (const { reports, remembered } of after) {
      if (remembered !== undefined) expect(told.size).toBe(600);
      for (const { key } of reports) told.add(key);
    }
    expect(way.sent[before - 1]?.view).toBe(1);
    expect(after.find(({ remembered }) => remembered !== undefined)?.view).toBe(0); // it knows none of this epoch yet
    await governor.close();
  }, 60_000);

  it('give up what they have not used where their lease was over, as it may have been granted to others', async () => {
    const authority = { current: new MemoryAuthority(spans) };
    let later = 0;
    const { way, governor } = create(authority, () => performance.now() + later);
    await governor.ready(5000);
    const own = limit('requests', 'minute', 100);
    expect((await governor.admit(governor.bind([own]), one)).admitted).toBe(true);
    const slices = (from: number) =>
      way.sent.slice(from).flatMap(({ reports }) => reports.map((slot) => slot.allotted));
    await sleep(300);
    expect(Math.max(...slices(0))).toBe(50);
    authority.current = new MemoryAuthority(spans);
    later = leaseSpans.lease;
    await sleep(300);
    const met = way.sent.length; // the authority by now, and what was said of it is sent from here on
    await sleep(1000);
    expect(slices(met).length).toBeGreaterThan(0);
    expect(Math.max(...slices(met))).toBe(1);
    await governor.close();
  });

  it('end at once where it waits for others and takes no word of a budget', async () => {
    const authority = { current: new MemoryAuthority(spans) };
    const { way, governor } = create(authority);
    await governor.ready(5000);
    const bound = governor.bind([limit('requests', 'total', 100)]);
    const admission = await governor.admit(bound, one);
    expect(admission.admitted).toBe(true);
    authority.current = new MemoryAuthority({ ...spans, grace: leaseSpans.window });
    await sleep(500);
    const before = way.sent.length;
    await governor.close();
    expect(way.sent.length - before).toBeLessThan(5);
  }, 60_000);
});
