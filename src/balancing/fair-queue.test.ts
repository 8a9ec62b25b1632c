import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairQueue } from './fair-queue.ts';
import type { ListNode } from './linked-list.ts';

interface Numbered {
  readonly caller: string;
  readonly nice: boolean;
  readonly number: number;
}

function fill(...callers: readonly string[]): FairQueue<Numbered> {
  const queue = new FairQueue<Numbered>();
  for (const [number, caller] of callers.entries()) {
    queue.add({ caller: caller.toLowerCase(), nice: caller !== caller.toLowerCase(), number });
  }
  return queue;
}

function drain(queue: FairQueue<Numbered>): Numbered[] {
  const all: Numbered[] = [];
  for (let next = queue.next(); next !== undefined; next = queue.next()) all.push(next);
  return all;
}

describe('FairQueue', () => {
  it('serves callers by turns, each in the order in which its calls came', () => {
    const order = drain(fill('a', 'a', 'a', 'b', 'c', 'b', 'b')).map(({ caller, number }) => caller + number);
    expect(order).toEqual(['a0', 'b3', 'c4', 'a1', 'b5', 'a2', 'b6']);
  });

  it('serves the nice ones by turns when nobody else waits', () => {
    const order = drain(fill('A', 'A', 'B', 'a', 'a', 'b')).map(({ number }) => number);
    expect(order).toEqual([3, 5, 4, 0, 2, 1]);
  });

  it('says how many go before one that comes, and nobody is lost', () => {
    const caller = fc.constantFrom('a', 'b', 'c', 'A', 'B', 'C');
    const take = fc.constantFrom('next', 'remove');
    fc.assert(
      fc.property(fc.array(fc.oneof(caller, take), { maxLength: 40 }), caller, (steps, last) => {
        const queue = new FairQueue<Numbered>();
        const there = new Map<Numbered, ListNode<Numbered>>();
        for (const [number, step] of steps.entries()) {
          const [some, node] = there.entries().next().value ?? [];
          if (step === 'next') there.delete(queue.next() as Numbered);
          else if (step === 'remove') {
            if (some === undefined || node === undefined) continue;
            expect(queue.remove(node)).toBe(true);
            expect(queue.remove(node)).toBe(false);
            there.delete(some);
          } else {
            const one = { caller: step.toLowerCase(), nice: step !== step.toLowerCase(), number };
            there.set(one, queue.add(one));
          }
          expect(queue.size).toBe(there.size);
        }
        const comer = { caller: last.toLowerCase(), nice: last !== last.toLowerCase(), number: -1 };
        const before = queue.before(comer);
        queue.add(comer);
        const order = drain(queue);
        expect(order.indexOf(comer)).toBe(before);
        expect(new Set(order)).toEqual(new Set([...there.keys(), comer]));
        expect(order).toHaveLength(there.size + 1);
      }),
    );
  });
});
