import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MemoryStrategyStore } from './memory-strategy-store.ts';
import { dueForRefinement, isNear, kept, proven, untried, withNew, withRefined, withVerdicts } from './strategies.ts';
import { StrategyLibrary } from './strategy-library.ts';
import type { Strategy } from './strategy-store.ts';

function strategy(text: string, uses = 0, helped = 0, refinedAt = 0): Strategy {
  return { id: text, text, uses, helped, refinedAt };
}

const any = fc
  .record({ id: fc.uuid(), text: fc.lorem(), uses: fc.nat(30), share: fc.double({ min: 0, max: 1, noNaN: true }) })
  .map(({ id, text, uses, share }): Strategy => ({ id, text, uses, helped: Math.round(uses * share), refinedAt: 0 }));
const list = fc.uniqueArray(any, { selector: ({ id }) => id, maxLength: 20 });

describe('strategies', () => {
  test('proven ones have their uses and successes; the untried ones do not have the uses', () => {
    fc.assert(
      fc.property(list, (all) => {
        for (const { uses, helped } of proven(all)) expect(uses >= 5 && helped / uses >= 0.4).toBe(true);
        for (const { uses } of untried(all)) expect(uses).toBeLessThan(5);
        const success = proven(all).map(({ uses, helped }) => helped / uses);
        expect(success).toEqual(success.toSorted((one, other) => other - one));
      }),
    );
  });

  test('verdicts count for those that were judged alone', () => {
    const all = [strategy('a', 1, 1), strategy('b', 2, 0), strategy('c', 3, 3)];
    const verdicts = new Map([
      ['a', false],
      ['c', true],
      ['gone', true],
    ]);
    expect(withVerdicts(all, verdicts)).toEqual([strategy('a', 2, 1), strategy('b', 2, 0), strategy('c', 4, 4)]);
  });

  test('there are never more than may be, and the newest always stays', () => {
    fc.assert(
      fc.property(list, fc.integer({ min: 1, max: 10 }), (all, most) => {
        const left = kept(all, most);
        expect(left).toHaveLength(Math.min(all.length, most));
        if (all.length > 0) expect(left.at(-1)).toEqual(all.at(-1));
      }),
    );
  });

  test('those that proved not to help go first, then untried ones', () => {
    const all = [strategy('good', 9, 9), strategy('bad', 9, 1), strategy('worse', 9, 0), strategy('fresh', 1, 0)];
    const names = (most: number) => kept([...all, strategy('new')], most).map(({ text }) => text);
    expect(names(4)).toEqual(['good', 'bad', 'fresh', 'new']);
    expect(names(3)).toEqual(['good', 'fresh', 'new']);
    expect(names(2)).toEqual(['good', 'new']);
  });

  test('one that is near to another is not added', () => {
    const all = [strategy('Draw the triangle and name its sides.')];
    expect(withNew(all, 'Draw the triangle, and name all its sides!', 10)).toEqual(all);
    expect(withNew(all, 'Guess a number and improve it.', 10)).toHaveLength(2);
  });

  test.each([
    ['draw the triangle first', 'Draw first the triangle.', true],
    ['draw the triangle first', 'guess a number', false],
    ['', '', false],
    ['做法', '别的', false],
  ])('%s and %s: %s', (one, other, expected) => expect(isNear(one, other)).toBe(expected));

  test('every ten uses one is due', () => {
    expect(dueForRefinement([strategy('a', 9), strategy('b', 19, 0, 10)])).toBeUndefined();
    expect(dueForRefinement([strategy('a', 9), strategy('b', 20, 0, 10)])?.text).toBe('b');
  });

  test('a reworded one that is near to another becomes one with it, and no use is lost', () => {
    const all = [
      strategy('guess a number', 12, 6),
      strategy('draw the triangle', 10, 9),
      strategy('other words', 1, 1),
    ];
    const left = withRefined(all, 'guess a number', 'draw the triangle!');
    expect(left).toEqual([{ ...strategy('draw the triangle', 22, 15, 22) }, strategy('other words', 1, 1)]);
  });
});

describe('the library', () => {
  test('keeps lists apart', async () => {
    const store = new MemoryStrategyStore();
    store.save('a', 'b', [strategy('one')]);
    store.save('a"', 'b', [strategy('two')]);
    expect(await store.load('a', 'b')).toEqual([strategy('one')]);
    expect(await store.load('a"', 'b')).toEqual([strategy('two')]);
    expect(await store.load('b', 'a')).toEqual([]);
    store.save('a', 'b', []);
    expect(await store.load('a', 'b')).toEqual([]);
  });

  test('forgets the lists that were not touched for longest', async () => {
    const store = new MemoryStrategyStore(2);
    store.save('a', 't', [strategy('one')]);
    store.save('b', 't', [strategy('two')]);
    await store.load('a', 't');
    store.save('c', 't', [strategy('three')]);
    const lists = await Promise.all(['a', 'b', 'c'].map((name) => store.load(name, 't')));
    expect(lists.map(({ length }) => length)).toEqual([1, 0, 1]);
  });

  test('does changes one after the other, also after one that failed', async () => {
    const library = new StrategyLibrary(new MemoryStrategyStore(), { failed: () => undefined });
    const add = (text: string) => library.change('a', 't', (all) => [...all, strategy(text)]);
    const failing = library.change('a', 't', () => {
      throw new Error('no');
    });
    const changes = Promise.all(['one', 'two', 'three'].map(add));
    await expect(failing).rejects.toThrow('no');
    await changes;
    expect((await library.load('a', 't')).map(({ text }) => text)).toEqual(['one', 'two', 'three']);
  });

  test('an answer gets a list as it was last seen where the store is gone, and that is told once', async () => {
    const store = new MemoryStrategyStore();
    store.save('a', 't', [strategy('one')]);
    const lost = { isLost: false };
    const failed: unknown[] = [];
    const library = new StrategyLibrary(
      {
        load: async (caller, type) => {
          if (lost.isLost) throw new Error('gone');
          return store.load(caller, type);
        },
        change: (caller, type, change) => store.change(caller, type, change),
      },
      { failed: (error) => failed.push(error) },
    );
    const texts = async (caller: string) => (await library.known(caller, 't')).map(({ text }) => text);
    expect(await texts('a')).toEqual(['one']);
    lost.isLost = true;
    expect([await texts('a'), await texts('b')]).toEqual([['one'], []]);
    expect(failed).toHaveLength(1);
    lost.isLost = false;
    store.save('a', 't', [strategy('two')]);
    expect(await texts('a')).toEqual(['two']);
    lost.isLost = true;
    expect(await texts('a')).toEqual(['two']);
    expect(failed).toHaveLength(2);
  });

  test('an answer does not wait for a store that hangs', async () => {
    const hanging = { load: () => new Promise<never>(() => undefined), change: async () => undefined };
    const library = new StrategyLibrary(hanging, { failed: () => undefined, patienceMs: 10 });
    expect(await library.known('a', 't')).toEqual([]);
  });
});
