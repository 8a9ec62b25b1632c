import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RecentMap } from './recent-map.ts';

const limit = 3;
const uses = fc.array(
  fc.oneof(
    fc.record({ does: fc.constant('get' as const), key: fc.nat(5) }),
    fc.record({ does: fc.constant('set' as const), key: fc.nat(5), value: fc.nat() }),
    fc.record({ does: fc.constant('drop' as const) }),
  ),
);

test('it holds what was used last, in the order of use, whatever the uses', () => {
  fc.assert(
    fc.property(uses, (all) => {
      const map = new RecentMap<number, number>(limit);
      let model: (readonly [number, number])[] = [];
      const knownOf = (key: number) => model.find(([known]) => known === key)?.[1];
      const use = (key: number, value: number) => {
        model = [...model.filter(([known]) => known !== key), [key, value]];
      };
      for (const one of all) {
        if (one.does === 'get') {
          const known = knownOf(one.key);
          expect(map.get(one.key)).toBe(known);
          if (known !== undefined) use(one.key, known);
        } else if (one.does === 'set') {
          use(one.key, one.value);
          const dropped = model.length > limit ? model.shift()?.[1] : undefined;
          expect(map.set(one.key, one.value)).toBe(dropped);
        } else expect(map.dropOldest()).toBe(model.shift()?.[1]);
        expect([...map.keys()]).toEqual(model.map(([key]) => key));
        expect([...map.keys()].map((key) => map.peek(key))).toEqual(model.map(([, value]) => value));
        expect({ size: map.size, oldest: map.oldest() }).toEqual({ size: model.length, oldest: model[0]?.[1] });
      }
    }),
  );
});
