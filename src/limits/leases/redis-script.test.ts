import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findRedis, type RealRedis, startRedis } from '../../../test/harness/real-redis.ts';
import { Secret } from '../../secret.ts';
import type { LeaseSpans, SlotReport, SyncReply, SyncRequest } from './lease-messages.ts';
import { MemoryAuthority } from './memory-authority.ts';
import { RedisAuthority } from './redis-authority.ts';

const program = findRedis();

/** Between two messages the clock of an authority goes on by one at most, so that here it counts messages. */
const spans: LeaseSpans = { lease: 12, longestBeat: 1, grace: 4, missing: 40, window: 25, staleReport: 3 };

const report = (key: string, kind: SlotReport['kind']) =>
  fc
    .record({
      allotted: fc.constantFrom(0, 0, 10, 40, 90),
      used: fc.constantFrom(0, 0, 1, 1, 10, 30),
      step: fc.constantFrom(0, 3, 10),
      wanted: fc.constantFrom(0, 5, 50),
      needed: fc.constantFrom(0, 0, 20),
      base: kind === 'period' ? fc.constantFrom(undefined, 7, 30) : fc.constant(undefined),
    })
    .map((numbers) => ({ key, kind, maximum: 100, ...numbers, used: Math.min(numbers.used, numbers.allotted) }));

const message = fc.record({
  member: fc.constantFrom('a', 'b', 'c', 'd'),
  /** How far its number is ahead: 0 is said again. */
  ahead: fc.constantFrom(1, 1, 1, 1, 2, 0),
  isLeaving: fc.constantFrom(false, false, false, false, false, false, false, true),
  epoch: fc.constantFrom('heard', 'heard', 'heard', 'heard', 'none', 'other'),
  isViewKnown: fc.boolean(),
  remembered: fc.option(fc.subarray(['a', 'b', 'c', 'd', 'e']), { nil: undefined }),
  reports: fc
    .tuple(report('w', 'window'), report('p@1', 'period'), report('c', 'places'))
    .chain((all) => fc.subarray(all, { minLength: 1 })),
});
type Message = typeof message extends fc.Arbitrary<infer M> ? M : never;

function compared({ wallMs: _, ...reply }: SyncReply) {
  if (reply.isStale) return { isStale: true };
  return { ...reply, others: reply.others?.toSorted(), recalled: reply.recalled.toSorted() };
}

describe.skipIf(program === undefined)('the script of limits in a real Redis', () => {
  let redis: RealRedis;
  beforeAll(async () => {
    redis = await startRedis(program as string);
  });
  afterAll(() => redis.stop());

  it('answers every message as the authority in memory does, whatever is said', async () => {
    let granted = 0;
    let waited = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 10, maxLength: 80, size: 'max' }), async (messages) => {
        const prefix = `{${randomUUID()}}:`;
        const inRedis = new RedisAuthority({ url: new Secret(redis.url), prefix, spans, timeoutMs: 5000 });
        let time = 0;
        const inMemory = new MemoryAuthority(spans, () => time++);
        const talk = new Talk();
        for (const one of messages) {
          const request = talk.request(one);
          await sleep(2);
          const reply = inMemory.handle(request);
          expect(compared(await inRedis.sync(request))).toEqual(compared(reply));
          talk.heard(reply);
          for (const [index, slot] of reply.slots.entries()) {
            if (slot.allotted > (request.reports[index]?.allotted ?? 0)) granted++;
          }
          if (reply.graceMs > 0) waited++;
        }
        await inRedis.close();
      }),
      { numRuns: 60 },
    );
    expect(granted).toBeGreaterThan(100);
    expect(waited).toBeGreaterThan(100);
  }, 120_000);
});

/** What members would know of the authority, so that some of what they say is in its own terms. */
class Talk {
  readonly #seqs = new Map<string, number>();
  #epoch = '';
  #view = 0;

  request({ ahead, isViewKnown, epoch, ...one }: Message): SyncRequest {
    const seq = Math.max(1, (this.#seqs.get(one.member) ?? 0) + ahead);
    this.#seqs.set(one.member, seq);
    return {
      ...one,
      seq,
      epoch: epoch === 'none' ? '' : epoch === 'heard' ? this.#epoch : 'another:1',
      view: isViewKnown ? this.#view : Math.max(0, this.#view - 1),
    };
  }

  heard({ isStale, epoch, view }: SyncReply): void {
    if (isStale) return;
    this.#epoch = epoch;
    this.#view = view;
  }
}
