import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Asking } from '../../test/harness/asking.ts';
import { FairSlots } from './fair-slots.ts';

const settings = { maxConcurrent: 2, queueSize: 3, queueTimeoutMs: 30_000 };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** Lets everything happen that is due. */
async function pass(milliseconds = 0): Promise<void> {
  await vi.advanceTimersByTimeAsync(milliseconds);
}

function states(...calls: readonly Asking[]): string[] {
  return calls.map(({ state }) => state);
}

describe('FairSlots', () => {
  it('gives what is free at once, and the rest in turn', async () => {
    const slots = new FairSlots('b', settings);
    const [a, b, c, d] = ['a', 'a', 'a', 'b'].map((caller) => new Asking(slots, caller)) as [
      Asking,
      Asking,
      Asking,
      Asking,
    ];
    expect(states(a, b, c, d)).toEqual(['running', 'running', 'waiting', 'waiting']);
    expect(slots.isFull).toBe(true);
    a.end();
    a.end();
    await pass();
    expect(states(c, d)).toEqual(['running', 'waiting']);
    b.end();
    c.end();
    await pass();
    expect(states(d)).toEqual(['running']);
    expect(slots.isFull).toBe(false);
  });

  it('refuses at once when the queue is full, and says by which limits', async () => {
    const slots = new FairSlots('lab', { maxConcurrent: 1, queueSize: 2, queueTimeoutMs: 60_000 });
    const first = new Asking(slots);
    await pass(4000);
    first.end();
    const [, , , refused] = [1, 2, 3, 4].map(() => new Asking(slots));
    expect(refused?.error).toMatchObject({ code: 'overloaded', status: 503, source: 'gateway', retryAfterMs: 12_000 });
    expect(refused?.error?.message).toBe(
      'all places of backend lab are taken and the queue is full (max_concurrent 1, 2 waiting of queue.size 2); try again in 12 s',
    );
  });

  it('takes the last place of the caller with the most for one that has fewer, when the queue is full', async () => {
    const slots = new FairSlots('b', { maxConcurrent: 1, queueSize: 3, queueTimeoutMs: 60_000 });
    const [, ...greedy] = [1, 2, 3, 4].map(() => new Asking(slots, 'greedy'));
    const modest = new Asking(slots, 'modest');
    await pass(0);
    expect(greedy.map(({ state }) => state)).toEqual(['waiting', 'waiting', 'overloaded']);
    expect(greedy[2]?.error).toMatchObject({ code: 'overloaded', retryAfterMs: 1000 });
    expect(modest.state).toBe('waiting');
    const equal = new Asking(slots, 'modest'); // two of one and one of the other: nobody has to give way
    expect(equal.error).toMatchObject({ code: 'overloaded' });
  });

  it('takes the place of a nice call for another, when the queue is full, and never the other way round', async () => {
    const slots = new FairSlots('b', { maxConcurrent: 1, queueSize: 2, queueTimeoutMs: 60_000 });
    const [, usual, nice] = [{}, {}, { nice: true }].map((how) => new Asking(slots, 'a', how));
    const third = new Asking(slots);
    await pass(0);
    expect([usual?.state, nice?.state, third.state]).toEqual(['waiting', 'overloaded', 'waiting']);
    expect(new Asking(slots, 'b', { nice: true }).error).toMatchObject({ code: 'overloaded' });
  });

  it('names at least a second, and lets nobody wait where there is no queue', () => {
    const slots = new FairSlots('b', { maxConcurrent: 1, queueSize: 0, queueTimeoutMs: 60_000 });
    expect(new Asking(slots).state).toBe('running');
    expect(new Asking(slots).error).toMatchObject({ code: 'overloaded', retryAfterMs: 1000 });
  });

  it('refuses at once what would wait beyond its deadline or the time-out of the queue', async () => {
    const slots = new FairSlots('b', { maxConcurrent: 2, queueSize: 20, queueTimeoutMs: 25_000 });
    const calls = [new Asking(slots), new Asking(slots)];
    await pass(10_000);
    for (const call of calls) call.end();
    for (let i = 0; i < 2; i++) new Asking(slots);
    expect(slots.expectedWaitMs).toBe(5000);
    expect(new Asking(slots, 'a', { withinMs: 0 }).state).toBe('overloaded');
    const waiting = [1, 2, 3, 4].map(() => new Asking(slots));
    expect(slots.expectedWaitMs).toBe(25_000);
    const late = new Asking(slots, 'a', { withinMs: 19_000 });
    expect(late.error?.message).toContain('the wait would be too long: about 20 s instead of at most 19 s');
    expect(late.error?.retryAfterMs).toBe(25_000);
    expect(new Asking(slots, 'another', { withinMs: 6000 }).state).toBe('waiting'); // it would be the second
    expect(new Asking(slots, 'a', { withinMs: 26_000 }).state).toBe('waiting');
    expect(new Asking(slots, 'a').error?.message).toContain('about 30 s instead of at most 25 s');
    expect(states(...waiting)).toEqual(Array(4).fill('waiting'));
  });

  it('waits no longer than it may', async () => {
    const slots = new FairSlots('b', { maxConcurrent: 1, queueSize: 5, queueTimeoutMs: 2000 });
    const running = new Asking(slots);
    const [patient, hurried, next] = [new Asking(slots), new Asking(slots, 'a', { withinMs: 500 }), new Asking(slots)];
    await pass(499);
    expect(states(patient, hurried)).toEqual(['waiting', 'waiting']);
    await pass(1);
    expect(hurried.error?.message).toContain('none became free in 0.5 s');
    await pass(1499);
    running.end();
    await pass(1);
    expect(states(patient, hurried, next)).toEqual(['running', 'overloaded', 'overloaded']);
    patient.end();
    expect(slots.isFull).toBe(false);
  });

  it('frees the place in the queue of a client that leaves', async () => {
    const slots = new FairSlots('b', { maxConcurrent: 1, queueSize: 1, queueTimeoutMs: 2000 });
    const running = new Asking(slots);
    const leaving = new Asking(slots);
    expect(new Asking(slots).state).toBe('overloaded');
    leaving.leave();
    const next = new Asking(slots);
    await pass();
    expect(states(leaving, next)).toEqual(['client_closed_request', 'waiting']);
    running.end();
    await pass();
    expect(next.state).toBe('running');
    expect(vi.getTimerCount()).toBe(0);
    expect([leaving, next].map(({ listeners }) => listeners)).toEqual([0, 0]);
  });

  it('gives nothing to a client that has left already', () => {
    const slots = new FairSlots('b', settings);
    const signal = AbortSignal.abort();
    expect(() => slots.take({ caller: 'a', nice: false, deadlineAt: undefined, signal })).toThrow('went away');
    expect(new Asking(slots).state).toBe('running');
    expect(slots.isFull).toBe(false);
  });

  it('lets the nice ones wait until nobody else does', async () => {
    const slots = new FairSlots('b', { maxConcurrent: 1, queueSize: 5, queueTimeoutMs: 60_000 });
    const running = new Asking(slots);
    const nice = new Asking(slots, 'a', { nice: true });
    const [one, two] = [new Asking(slots, 'a'), new Asking(slots, 'b')];
    const order: Asking[] = [];
    for (let call: Asking | undefined = running; call; ) {
      call.end();
      await pass();
      call = [nice, one, two].find(({ state }) => state === 'running');
      if (call) order.push(call);
    }
    expect(order).toEqual([one, two, nice]);
  });

  it('may get more places or fewer while calls run', async () => {
    const slots = new FairSlots('b', settings);
    const calls = [1, 2, 3, 4].map(() => new Asking(slots)) as [Asking, Asking, Asking, Asking];
    slots.reconfigure({ ...settings, maxConcurrent: 3 });
    await pass();
    expect(states(...calls)).toEqual(['running', 'running', 'running', 'waiting']);
    slots.reconfigure({ ...settings, maxConcurrent: 1 });
    calls[0].end();
    calls[1].end();
    await pass();
    expect(calls[3].state).toBe('waiting');
    calls[2].end();
    await pass();
    expect(calls[3].state).toBe('running');
    const more = [1, 2].map(() => new Asking(slots));
    slots.reconfigure(undefined);
    await pass();
    expect(states(...more, new Asking(slots))).toEqual(Array(3).fill('running'));
    expect(slots.isFull).toBe(false);
  });
});

describe('any interleaving', () => {
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        what: fc.constant('ask' as const),
        caller: fc.constantFrom('a', 'b', 'c'),
        nice: fc.boolean(),
        withinMs: fc.option(fc.integer({ min: 0, max: 300 }), { nil: undefined }),
      }),
    },
    { weight: 3, arbitrary: fc.record({ what: fc.constantFrom('end' as const, 'leave' as const), which: fc.nat() }) },
    fc.record({ what: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 100 }) }),
    fc.record({ what: fc.constant('reconfigure' as const), places: fc.integer({ min: 1, max: 4 }) }),
  );

  it('neither loses a place nor gives one twice, and leaves nobody waiting for what is free', async () => {
    const course = fc.array(step, { maxLength: 80 });
    const turn = fc.boolean();
    await fc.assert(
      fc.asyncProperty(course, fc.infiniteStream(turn), async (steps, turns) => {
        let places = 2;
        const config = () => ({ maxConcurrent: places, queueSize: 4, queueTimeoutMs: 200 });
        const slots = new FairSlots('b', config());
        const calls: Asking[] = [];
        const having = (state: string) => calls.filter((call) => call.state === state);
        for (const one of steps) {
          const running = having('running').length;
          if (one.what === 'ask') calls.push(new Asking(slots, one.caller, one));
          else if (one.what === 'pass') await pass(one.ms);
          else if (one.what === 'reconfigure') {
            places = one.places;
            slots.reconfigure(config());
          } else {
            const among = having(one.what === 'end' ? 'running' : 'waiting');
            among[one.which % among.length]?.[one.what]();
          }
          if (!turns.next().value) continue; // several things at once
          await pass();
          const now = having('running').length;
          expect(now).toBeLessThanOrEqual(Math.max(places, running));
          expect(having('waiting').length).toBeLessThanOrEqual(4);
          if (having('waiting').length > 0) expect(now).toBeGreaterThanOrEqual(places);
          expect(slots.isFull).toBe(now >= places);
        }
        for (let left = 1; left > 0; ) {
          await pass();
          for (const call of having('running')) call.end();
          await pass();
          left = having('running').length + having('waiting').length;
        }
        for (let i = 0; i < places; i++) expect(new Asking(slots).state).toBe('running');
        expect(slots.isFull).toBe(true);
        expect(new Asking(slots).state).toBe('waiting');
        await pass(1000);
        expect(vi.getTimerCount()).toBe(0);
      }),
    );
  });
});
