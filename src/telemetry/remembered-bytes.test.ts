import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RememberedBytes } from './remembered-bytes.ts';

const texts = fc.tuple(fc.constantFrom('a', 'b', 'ü'), fc.constantFrom('', 'c', '"'));

test('are those of the texts, whatever was asked for before', () => {
  fc.assert(
    fc.property(fc.array(texts, { maxLength: 30 }), (asked) => {
      const build = (one: string, other: string) => `<${one}|${other}>`;
      const remembered = new RememberedBytes(build);
      for (const [one, other] of asked) expect(remembered.of(one, other).toString()).toBe(build(one, other));
    }),
  );
});

test('are put together once for the same texts, and forgotten where there are too many', () => {
  const built: string[] = [];
  const remembered = new RememberedBytes((name: string) => {
    built.push(name);
    return name;
  });
  const first = remembered.of('first');
  expect(remembered.of('first')).toBe(first);
  expect(built).toEqual(['first']);
  for (let i = 0; i < 600; i++) remembered.of(`name ${i}`);
  expect(remembered.of('first')).not.toBe(first);
  expect(remembered.of('first').toString()).toBe('first');
});
