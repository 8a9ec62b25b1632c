import { setTimeout as sleep } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { GatewayError } from '../gateway-error.ts';
import { RemoteSlots } from './remote-slots.ts';
import type { AdjustableSlots, ReleaseSlot } from './slots.ts';
import { SharedSlots } from './slots-authority.ts';
import { isSlotsRequest, isSlotsResponse } from './slots-messages.ts';

const patient = { timeout: 20_000 };

interface Side {
  readonly slots: RemoteSlots;
  /** Ends as if its process had died. */
  die(): void;
}

/** One that asks for places over a real channel, as a worker process does. */
function join(shared: SharedSlots): Side {
  const { port1, port2 } = new MessageChannel();
  const slots = new RemoteSlots({ send: (request) => port1.postMessage(request) });
  const authority = shared.serve((response) => port2.postMessage(response));
  port1.on('message', (message) => {
    if (isSlotsResponse(message)) slots.receive(message);
  });
  port2.on('message', (message) => {
    if (isSlotsRequest(message)) void authority.handle(message);
  });
  const die = () => {
    port1.close();
    port2.close();
    authority.close();
  };
  onTestFinished(die);
  return { slots, die };
}

function ask(slots: AdjustableSlots, options: { caller?: string; signal?: AbortSignal; withinMs?: number } = {}) {
  const { caller = 'a', signal = new AbortController().signal, withinMs } = options;
  const deadlineAt = withinMs === undefined ? undefined : performance.now() + withinMs;
  return Promise.resolve(slots.take({ caller, nice: false, deadlineAt, signal }));
}

const settings = { maxConcurrent: 1, queueSize: 3, queueTimeoutMs: 60_000 };

describe('RemoteSlots', () => {
  it('shares the places of a backend, and only those', async () => {
    const shared = new SharedSlots();
    const [one, two] = [join(shared).slots, join(shared).slots];
    const [first, second] = [one.open('b', settings), two.open('b', settings)];
    const release = await ask(first);
    await expect.poll(() => first.isFull && second.isFull, patient).toBe(true);
    let given: ReleaseSlot | undefined;
    const waiting = ask(second).then((taken) => {
      given = taken;
    });
    await ask(two.open('other', settings));
    expect(given).toBeUndefined();
    release();
    release();
    await waiting;
    expect(second.isFull).toBe(true);
    given?.();
    await expect.poll(() => first.isFull || second.isFull, patient).toBe(false);
    expect(first.expectedWaitMs).toBe(0);
  });

  it('is refused as in one process', async () => {
    const shared = new SharedSlots();
    const slots = join(shared).slots.open('b', { ...settings, queueSize: 1 });
    await ask(slots);
    ask(slots).catch(() => undefined);
    await expect(ask(slots)).rejects.toMatchObject({
      code: 'overloaded',
      status: 503,
      retryAfterMs: 1000,
      message: expect.stringContaining('backend b are taken and the queue is full (max_concurrent 1, 1 waiting'),
    });
  });

  it('waits no longer than the deadline, over the clocks of both', async () => {
    const slots = join(new SharedSlots()).slots.open('b', settings);
    await ask(slots);
    const error = await ask(slots, { withinMs: 50 }).catch((thrown: GatewayError) => thrown);
    expect(error).toMatchObject({ code: 'overloaded', message: expect.stringMatching(/none became free in/) });
  });

  it('gives up what a client waits for that leaves, at every moment', async () => {
    const shared = new SharedSlots();
    const slots = join(shared).slots.open('b', settings);
    await expect(ask(slots, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'client_closed_request' });
    const release = await ask(slots);
    const leaving = new AbortController();
    const waiting = ask(slots, { signal: leaving.signal });
    release(); // the place is on its way when the client leaves
    leaving.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'client_closed_request' });
    expect(await ask(slots)).toBeTypeOf('function');
  });

  it('frees the places and ends the waiting of a worker that died', async () => {
    const shared = new SharedSlots();
    const [dying, other] = [join(shared), join(shared)];
    const slots = dying.slots.open('b', settings);
    await ask(slots);
    void ask(slots);
    const left = other.slots.open('b', settings);
    const waiting = ask(left, { caller: 'b' });
    await sleep(20);
    dying.die();
    (await waiting)();
    expect(await ask(left)).toBeTypeOf('function');
  });

  it('gives nothing to a worker that had died when its word came', async () => {
    const shared = new SharedSlots();
    const given: unknown[] = [];
    const authority = shared.serve((response) => given.push(response));
    const other = join(shared).slots.open('b', settings);
    (await ask(other))();
    await expect.poll(() => other.isFull, patient).toBe(false);
    authority.close();
    await authority.handle({ type: 'slots:take', id: 1, name: 'b', caller: 'a', nice: false, leftMs: undefined });
    expect(await ask(other)).toBeTypeOf('function');
    expect(given).toEqual([]);
  });

  it('has the number of places that was configured last', async () => {
    const remote = join(new SharedSlots()).slots;
    const slots = remote.open('b', settings);
    await ask(slots);
    const waiting = [ask(slots), ask(slots), ask(slots)];
    expect(remote.open('b', { ...settings, maxConcurrent: 2 })).toBe(slots);
    await Promise.race(waiting);
    slots.reconfigure(undefined);
    await Promise.all([...waiting, ask(slots), ask(slots)]);
    await expect.poll(() => slots.isFull, patient).toBe(false);
  });

  it('is told of waits that grow while others take the places', async () => {
    const shared = new SharedSlots();
    const [busy, idle] = [join(shared).slots.open('b', settings), join(shared).slots.open('b', settings)];
    const release = await ask(busy);
    await sleep(150);
    release();
    for (let i = 0; i < 4; i++) void ask(busy);
    await expect.poll(() => idle.expectedWaitMs, patient).toBeGreaterThan(400);
  });

  it('never gives more places than there are, nor loses one, whoever leaves or dies', async () => {
    const step = fc.record({
      worker: fc.nat(2),
      what: fc.constantFrom('ask', 'ask', 'end', 'leave', 'turn', 'die'),
      which: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const shared = new SharedSlots();
        const config = { maxConcurrent: 2, queueSize: 100, queueTimeoutMs: 60_000 };
        const sides = [join(shared), join(shared), join(shared)];
        const running = new Map<ReleaseSlot, number>();
        const waiting = new Map<AbortController, number>();
        const most: number[] = [];
        const begin = (worker: number) => {
          const leaving = new AbortController();
          waiting.set(leaving, worker);
          const slots = (sides[worker] as Side).slots.open('b', config);
          const over = () => waiting.delete(leaving);
          ask(slots, { caller: `${worker}`, signal: leaving.signal }).then((release) => {
            over();
            running.set(release, worker);
            most.push(running.size);
          }, over);
        };
        const end = (release: ReleaseSlot) => {
          running.delete(release);
          release();
        };
        for (const { worker, what, which } of steps) {
          const releases = [...running.keys()];
          const leaving = [...waiting.keys()];
          if (what === 'ask') begin(worker);
          else if (what === 'end' && releases.length > 0) end(releases[which % releases.length] as ReleaseSlot);
          else if (what === 'leave') leaving[which % leaving.length]?.abort();
          else if (what === 'turn') await sleep(1);
          else if (what === 'die') {
            sides[worker]?.die();
            sides[worker] = join(shared);
            for (const [release, owner] of running) if (owner === worker) running.delete(release);
            for (const [one, owner] of waiting) if (owner === worker) waiting.delete(one);
          }
        }
        while (waiting.size > 0 || running.size > 0) {
          for (const release of running.keys()) end(release);
          await sleep(1);
        }
        expect(Math.max(0, ...most)).toBeLessThanOrEqual(2);
        for (let i = 0; i < 3; i++) begin(i);
        await expect.poll(() => [running.size, waiting.size], patient).toEqual([2, 1]);
        for (const side of sides) side.die();
      }),
      { numRuns: 40 },
    );
  });
});
