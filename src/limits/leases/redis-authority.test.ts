import { randomUUID } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '@redis/client';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findRedis, type RealRedis, startRedis } from '../../../test/harness/real-redis.ts';
import { Secret } from '../../secret.ts';
import type { Grant } from '../governor.ts';
import { limit } from '../test-limits.ts';
import type { AuthorityState } from './authority-reach.ts';
import { LeaseGovernor, type LeaseGovernorOptions } from './lease-governor.ts';
import { strictMissingMs } from './lease-messages.ts';
import type { Division } from './limit-division.ts';
import { RedisAuthority } from './redis-authority.ts';
import { forgetfulLists, stepLists } from './test-lists.ts';
import { live } from './test-lives.ts';
import type { World } from './test-member.ts';
import { sliceAfterDeath, slicesAfterLoss } from './test-slices.ts';

const program = findRedis();
const one = { requests: 1, tokens: 10, cost: 1000 };

describe.skipIf(program === undefined)('leases over a real Redis', () => {
  let redis: RealRedis;
  let client: ReturnType<typeof createClient>;
  const open: LeaseGovernor[] = [];

  beforeAll(async () => {
    redis = await startRedis(program as string);
    client = createClient({ url: redis.url, RESP: 2 });
    client.on('error', () => {});
    await client.connect();
  });
  afterAll(async () => {
    client.destroy();
    await redis.stop();
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((governor) => governor.close()));
  });

  const join = async (prefix: string, options: Partial<LeaseGovernorOptions> = {}) => {
    const authority = new RedisAuthority({ url: new Secret(redis.url), prefix });
    const governor = new LeaseGovernor({ authority, whenLost: 'share', ...options });
    open.push(governor);
    await governor.ready(6000);
    return governor;
  };

  const division = async (prefix: string, key: string): Promise<Division | undefined> => {
    const fields = Object.entries(await client.hGetAll(`${prefix}k:${key}`));
    if (fields.length === 0) return undefined;
    const sum = (start: string) =>
      fields.reduce((total, [name, value]) => total + (name.startsWith(start) ? Number(value.split(' ')[0]) : 0), 0);
    return { maximum: 0, base: sum('b'), allotted: sum('e:'), orphaned: sum('o:') };
  };

  it.each([
    ['whatever is lost, late, killed or cut off', stepLists, 0],
    ['where it forgets everything, whoever is late, killed or cut off then', forgetfulLists(0), 90],
  ])(
    'divides as the authority in memory does, %s',
    async (_, lists, grace) => {
      await fc.assert(
        fc.asyncProperty(lists, async (steps) => {
          const prefix = `{${randomUUID()}}:`;
          const spans = { lease: 300, grace, missing: strictMissingMs };
          const authority = new RedisAuthority({ url: new Secret(redis.url), prefix, spans, timeoutMs: 5000 });
          const maximum = (key: string) => (key.endsWith('@0') ? 400 : 200);
          const world: World = {
            authority,
            leaseMs: 300,
            now: () => performance.now(),
            pass: (milliseconds) => sleep(milliseconds),
            forget: async () => {
              const keys = await client.keys(`${prefix}*`);
              if (keys.length > 0) await client.del(keys);
            },
            division: async (key) => {
              const found = await division(prefix, key);
              return found && { ...found, maximum: maximum(key) };
            },
          };
          try {
            await live(steps, world, prefix);
          } finally {
            await authority.close();
          }
        }),
        { numRuns: 12, endOnFailure: true },
      );
    },
    120_000,
  );

  it('gives nothing of what a member holds that cannot say yet what of it is stored', async () => {
    const spans = { grace: 0 };
    const authority = new RedisAuthority({ url: new Secret(redis.url), prefix: '{late}:', spans, timeoutMs: 5000 });
    expect(await slicesAfterLoss(authority, 'r')).toEqual([10, 40, 30]);
    await authority.close();
  });

  it('gives what a killed member held to others, but for what it may have used', async () => {
    const spans = { lease: 300, grace: 0 };
    const authority = new RedisAuthority({ url: new Secret(redis.url), prefix: '{dead}:', spans, timeoutMs: 5000 });
    const pass = async (milliseconds: number) => void (await sleep(milliseconds));
    const world = { authority, leaseMs: 300, pass, now: () => 0, division: async () => undefined };
    expect(await sliceAfterDeath(world, 'd')).toEqual([0, 110]);
    await authority.close();
  });

  it('lets four members admit all of a limit together, and never more', async () => {
    const members = await Promise.all([1, 2, 3, 4].map(() => join('{four}:')));
    const limits = [limit('requests', 'minute', 2000), limit('cost', 'total', 3_000_000)];
    const bounds = members.map((member) => member.bind(limits));
    let admitted = 0;
    const until = performance.now() + 4000;
    const client = async (index: number) => {
      while (performance.now() < until) {
        const member = members[index % 4] as LeaseGovernor;
        const admission = await member.admit(bounds[index % 4] as (typeof bounds)[0], one);
        if (admission.admitted) {
          admitted++;
          await sleep(5);
          admission.grant.settle(one);
        } else await sleep(20);
      }
    };
    await Promise.all(Array.from({ length: 40 }, (_, index) => client(index)));
    expect(admitted).toBeLessThanOrEqual(2000);
    expect(admitted).toBeGreaterThanOrEqual(1900);
    const states = members.map((member, index) => member.state(bounds[index] as (typeof bounds)[0])[0]?.used);
    for (const used of states) expect(used).toBeGreaterThan(1800);
  }, 60_000);

  it('moves what one holds and another needs, down to a limit of one call', async () => {
    const [first, second] = [await join('{small}:'), await join('{small}:')];
    const limits = [limit('concurrent', undefined, 1)];
    const bounds = [first.bind(limits), second.bind(limits)] as const;
    const take = async (index: 0 | 1): Promise<Grant> => {
      for (;;) {
        const admission = await [first, second][index]?.admit(bounds[index], one);
        if (admission?.admitted) return admission.grant;
        await sleep(20);
      }
    };
    for (let round = 0; round < 4; round++) {
      const grant = await take((round % 2) as 0 | 1);
      expect((await first.admit(bounds[0], one)).admitted).toBe(false);
      expect((await second.admit(bounds[1], one)).admitted).toBe(false);
      grant.release();
    }
  }, 60_000);

  it('goes on through a kill of Redis, with all its data gone: nothing fails, nothing is above, one line for a change', async () => {
    const states: AuthorityState[] = [];
    const members = [await join('{kill}:', { onState: (state) => states.push(state) }), await join('{kill}:')];
    const limits = [limit('requests', 'minute', 100_000), limit('requests', 'total', 100_000)];
    const bounds = members.map((member) => member.bind(limits));
    const counts = { admitted: 0, failed: 0 };
    let isOver = false;
    const client = async (index: number) => {
      while (!isOver) {
        const admission = await (members[index] as LeaseGovernor).admit(bounds[index] as (typeof bounds)[0], one);
        counts[admission.admitted ? 'admitted' : 'failed']++;
        if (admission.admitted) admission.grant.settle(one);
        await sleep(5);
      }
    };
    const clients = [0, 1, 0, 1].map(client);
    await sleep(500);
    await redis.kill();
    await sleep(1500);
    await redis.start();
    await reconnectClient();
    await sleep(5000);
    isOver = true;
    await Promise.all(clients);
    expect(counts.failed).toBe(0);
    expect(states.map(({ ok }) => ok)).toEqual([true, false, true]);
    await Promise.all(open.splice(0).map((governor) => governor.close()));
    const left = await division('{kill}:', `${limits[1]?.id}@0`);
    expect(left?.base).toBe(counts.admitted);
    const window = await division('{kill}:', `${limits[0]?.id}`);
    expect((window?.allotted ?? 0) + (window?.orphaned ?? 0)).toBe(counts.admitted);
  }, 60_000);

  const reconnectClient = async () => {
    client.destroy();
    client = createClient({ url: redis.url, RESP: 2 });
    client.on('error', () => {});
    await client.connect();
  };

  it('begins from what is stored where Redis knows nothing, and counts what may not be stored yet', async () => {
    let stored = 0;
    const settled: Grant[] = [];
    const options = {
      onSettled: (changes: readonly { used: number }[]) => {
        for (const { used } of changes) stored += used;
      },
      loadUsed: async (periods: readonly { limitId: string; periodStart: number }[]) =>
        periods.map((period) => ({ ...period, used: 500 + stored })),
    };
    const member = await join('{stored}:', options);
    const bound = member.bind([limit('requests', 'total', 520)]);
    let admitted = 0;
    for (let i = 0; i < 40; i++) {
      const admission = await member.admit(bound, one);
      if (!admission.admitted) continue;
      admitted++;
      settled.push(admission.grant);
      admission.grant.settle(one);
      if (i === 9) {
        await client.flushAll();
        await sleep(4500);
      }
    }
    expect(admitted).toBeGreaterThanOrEqual(10);
    expect(admitted).toBeLessThanOrEqual(20);
  }, 60_000);

  it('does not hang where a store accepts and never answers', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => void sockets.push(socket.on('error', () => {})));
    await new Promise<void>((resolve) => void silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    for (const whenLost of ['share', 'refuse'] as const) {
      const authority = new RedisAuthority({ url: new Secret(`redis://127.0.0.1:${port}`) });
      const governor = new LeaseGovernor({ authority, whenLost });
      const bound = governor.bind([limit('requests', 'minute', 10)]);
      const began = performance.now();
      await governor.ready(5000);
      const admission = await governor.admit(bound, one);
      expect(performance.now() - began).toBeLessThan(4000);
      expect(admission.admitted).toBe(whenLost === 'share');
      if (!admission.admitted) expect(admission.unavailable).toContain('when_store_lost: refuse');
      await governor.close();
    }
    for (const socket of sockets) socket.destroy();
    silent.close();
  }, 30_000);
});
