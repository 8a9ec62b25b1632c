import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { strategies } from '../config/route-config.ts';
import type { Candidate } from '../types/route.ts';
import { AffinityMemory } from './affinity-memory.ts';
import { CandidateHealth } from './candidate-health.ts';
import { Chooser } from './chooser.ts';
import { candidateOf, choiceOf, dice, names, tierOf, twoFailures } from './test-candidates.ts';

/** Candidates whose breakers run on a clock of the test. */
function withClock(...given: string[]) {
  const clock = { now: 0 };
  const candidates = given.map((name) => candidateOf(name, {}, () => clock.now));
  return { clock, candidates, chooser: new Chooser(() => clock.now) };
}

function breakOpen({ health }: Candidate): void {
  health.breaker.failed();
  health.breaker.failed();
}

describe('Chooser', () => {
  it.each(strategies)('%s: drops nobody, and puts those that admit nobody last', (strategy) => {
    const health = fc.constantFrom('closed', 'open', 'due', 'probing');
    fc.assert(
      fc.property(fc.array(health, { minLength: 1, maxLength: 12 }), fc.nat(), fc.nat(), (states, affinity, seed) => {
        const { clock, candidates, chooser } = withClock(...states.map((_, index) => `b${index}`));
        candidates.forEach((candidate, index) => {
          if (states[index] === 'due' || states[index] === 'probing') breakOpen(candidate);
        });
        clock.now = 2000;
        candidates.forEach((candidate, index) => {
          if (states[index] === 'probing') candidate.health.breaker.enter();
          if (states[index] === 'open') breakOpen(candidate);
        });
        const choice = choiceOf({ affinity, random: dice(seed) });
        chooser.order(tierOf(strategy, candidates), choice);
        chooser.served(choice, candidates[seed % candidates.length] as Candidate);
        const order = chooser.order(tierOf(strategy, candidates), choice);
        expect(names(order).toSorted()).toEqual(names(candidates).toSorted());
        const admitting = order.map((one) => one.health.breaker.admits);
        expect(admitting).toEqual(admitting.toSorted((one, other) => Number(other) - Number(one)));
      }),
    );
  });

  it('keeps the place of one that is due for a probe', () => {
    const { clock, candidates, chooser } = withClock('a', 'b');
    const [first] = candidates as [Candidate, Candidate];
    const order = () => names(chooser.order(tierOf('ordered', candidates), choiceOf()));
    breakOpen(first);
    expect(order()).toEqual(['b', 'a']);
    clock.now = 2000;
    expect(order()).toEqual(['a', 'b']);
    first.health.breaker.enter();
    expect(order()).toEqual(['b', 'a']);
    first.health.breaker.succeeded();
    expect(order()).toEqual(['a', 'b']);
  });

  it.each(['least-busy', 'lowest-latency'] as const)('%s: keeps a conversation where it was answered', (strategy) => {
    const { clock, candidates, chooser } = withClock('a', 'b', 'c');
    const [, second, third] = candidates as [Candidate, Candidate, Candidate];
    candidates.forEach(({ health }, index) => {
      health.streams.add(100 + index);
    });
    second.health.inFlight = 9;
    const choice = choiceOf({ affinity: 77, random: () => 0.5 });
    const first = (of = choice) => chooser.order(tierOf(strategy, candidates), of)[0];
    expect(first()).not.toBe(second);
    chooser.served(choice, second);
    expect(first()).toBe(second);
    expect(first({ ...choice, affinity: 78 })).not.toBe(second);
    expect(first({ ...choice, affinity: 0 })).not.toBe(second);
    breakOpen(second);
    expect(first()).not.toBe(second);
    clock.now = 2000; // due for a probe, but not with this conversation
    expect(first()).not.toBe(second);
    second.health.breaker.enter();
    second.health.breaker.succeeded();
    expect(first()).toBe(second);
    chooser.served(choice, third);
    expect(first()).toBe(third);
  });

  it('knows where a conversation was after a reload, by how its candidate fares', () => {
    const { candidates, chooser } = withClock('a', 'b');
    const choice = choiceOf({ affinity: 5 });
    (candidates[0] as Candidate).health.inFlight = 1;
    chooser.order(tierOf('least-busy', candidates), choice);
    chooser.served(choice, candidates[0] as Candidate);
    const reloaded = candidates.map((candidate) => ({ ...candidate }));
    expect(chooser.order(tierOf('least-busy', reloaded), choice)[0]).toBe(reloaded[0]);
  });

  it('does not keep a conversation where no traffic is wanted', () => {
    const { candidates, chooser } = withClock('a', 'b');
    const [first, second] = candidates as [Candidate, Candidate];
    const drained = { ...second, weight: 0 };
    first.health.inFlight = 1;
    const order = (of: readonly Candidate[], affinity: number) =>
      names(chooser.order(tierOf('least-busy', of), choiceOf({ affinity })));
    // It was drained after it had answered.
    order(candidates, 5);
    chooser.served(choiceOf({ affinity: 5 }), second);
    expect(order([first, drained], 5)).toEqual(['a', 'b']);
    // It filled in while it was drained, and is not any more.
    order([first, drained], 6);
    chooser.served(choiceOf({ affinity: 6 }), drained);
    second.health.inFlight = 2;
    expect(order(candidates, 6)).toEqual(['a', 'b']);
  });
});

describe('AffinityMemory', () => {
  const health = new CandidateHealth(twoFailures);

  function memoryAt(start = 0) {
    const clock = { now: start };
    const memory = new AffinityMemory(() => clock.now);
    const answer = (conversation: number) => {
      memory.recall(conversation);
      memory.remember(conversation, health);
    };
    return { clock, memory, answer };
  }

  it('remembers only what somebody asked for', () => {
    const { memory } = memoryAt();
    memory.remember(1, health);
    expect(memory.size).toBe(0);
    expect(memory.recall(1)).toBeUndefined();
    memory.remember(1, health);
    expect(memory.recall(1)).toBe(health);
  });

  it('forgets what was not used for ten minutes', () => {
    const { clock, memory, answer } = memoryAt();
    answer(1);
    clock.now = 599_999;
    expect(memory.recall(1)).toBe(health);
    clock.now += 599_999;
    expect(memory.recall(1)).toBe(health);
    clock.now += 600_000;
    expect(memory.recall(1)).toBeUndefined();
  });

  it('holds 50,000, those that were used last', () => {
    const { clock, memory, answer } = memoryAt();
    for (let i = 1; i <= 50_000; i++) answer(i);
    clock.now = 60_000;
    memory.recall(1);
    answer(50_001);
    expect(memory.size).toBe(50_000);
    expect(memory.recall(1)).toBe(health);
    expect(memory.recall(2)).toBeUndefined();
  });

  it('lets go of old ones as new ones come', () => {
    const { clock, memory, answer } = memoryAt();
    for (let i = 1; i <= 100; i++) answer(i);
    clock.now = 600_000;
    for (let i = 101; i <= 150; i++) answer(i);
    expect(memory.size).toBe(50);
  });
});
