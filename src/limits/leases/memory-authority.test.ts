import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LeaseSpans, leaseSpans, strictMissingMs } from './lease-messages.ts';
import { MemoryAuthority } from './memory-authority.ts';
import { forgetfulLists, stepLists } from './test-lists.ts';
import { live } from './test-lives.ts';
import type { World } from './test-member.ts';
import { sliceAfterDeath, slicesAfterLoss } from './test-slices.ts';

class MemoryWorld implements World {
  readonly leaseMs = leaseSpans.lease;
  authority: MemoryAuthority;
  time = 1000;
  readonly #spans: Partial<LeaseSpans>;

  constructor(spans: Partial<LeaseSpans> = {}) {
    this.#spans = spans;
    this.authority = this.#create();
  }

  async forget(): Promise<void> {
    this.authority = this.#create();
  }

  #create(): MemoryAuthority {
    return new MemoryAuthority(
      this.#spans,
      () => this.time + 1e6,
      () => this.time + 5e7,
    );
  }

  now(): number {
    return this.time;
  }

  async pass(milliseconds: number): Promise<void> {
    this.time += milliseconds;
  }

  async division(key: string) {
    return this.authority.division(key);
  }
}

describe('the protocol of leases, over an authority in memory', () => {
  it('never divides or uses more than the limit, whatever is lost, late, killed or cut off', async () => {
    let admitted = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(stepLists, async (steps) => {
        const story = await live(steps, new MemoryWorld(), 'm');
        admitted += story.admitted;
        refused += story.refused;
      }),
      { numRuns: 2000 },
    );
    expect(admitted).toBeGreaterThan(4000);
    expect(refused).toBeGreaterThan(100);
  });

  it('never lets more be used where the authority forgets everything, whoever is late, killed or cut off then', async () => {
    let admitted = 0;
    let forgotten = 0;
    await fc.assert(
      fc.asyncProperty(forgetfulLists(45), async (steps) => {
        const world = new MemoryWorld({ grace: leaseSpans.grace, missing: strictMissingMs });
        const story = await live(steps, world, 'm');
        admitted += story.admitted;
        forgotten += story.forgotten;
      }),
      { numRuns: 2000 },
    );
    expect(admitted).toBeGreaterThan(2000);
    expect(forgotten).toBeGreaterThan(1000);
  });

  it('gives nothing of what a member holds that cannot say yet what of it is stored', async () => {
    expect(await slicesAfterLoss(new MemoryAuthority(), 'm')).toEqual([10, 40, 30]);
  });

  it('gives what a killed member held to others, but for what it may have used', async () => {
    const world = new MemoryWorld();
    const pass = (milliseconds: number) => world.pass(milliseconds);
    const once = {
      authority: world.authority,
      leaseMs: world.leaseMs,
      pass,
      now: () => 0,
      division: async () => undefined,
    };
    // 40 were used, and a step of 50 may have been, which is a quarter of 200.
    expect(await sliceAfterDeath(once, 'd')).toEqual([0, 110]);
  });
});
