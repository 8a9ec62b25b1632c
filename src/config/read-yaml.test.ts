import { expect, test } from 'vitest';
import { readYaml } from './read-yaml.ts';
import { Report } from './report.ts';
import { plainValue } from './tree.ts';

/** A dollar sign is written as `§` here. */
test.each([
  ['a: §{X}', 'put in'],
  ['a: "§{X}"', 'put in'],
  ['a: "\\x24{X}"', 'put in'],
  ['a: "\\u0024\\u007bX}"', 'put in'],
  ['a: §§{X}', '§{X}'],
  ['a: §X', '§X'],
  ['a: X', 'X'],
])('variables in %s', (text, value) => {
  const tree = readYaml(Buffer.from(text.replaceAll('§', '$')), { X: 'put in' }, new Report().file('f'));
  expect(tree && plainValue(tree)).toEqual({ a: value.replaceAll('§', '$') });
});
