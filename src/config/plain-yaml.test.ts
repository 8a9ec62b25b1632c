import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { yamlPieces } from '../../test/harness/yaml-pieces.ts';
import { readPlainYaml } from './plain-yaml.ts';
import { Report } from './report.ts';
import { nodeAt } from './tree.ts';
import { readWholeYaml } from './whole-yaml.ts';
import { readYamlTree } from './yaml-tree.ts';

const goldens = fileURLToPath(new URL('../../test/goldens/config', import.meta.url));
const files = globSync('**/*.yaml', { cwd: goldens }).map((name) => readFileSync(`${goldens}/${name}`, 'utf8'));
const pieces = [
  ...yamlPieces,
  ...[
    ':',
    ',',
    ', ',
    '? ',
    ' #',
    '\\',
    '\\n',
    '\\x41',
    '%',
    '@',
    '`',
    '-',
    '--',
    '>\n',
    '--- ',
    '...\n',
    '\r',
    '\r\n',
    '\ufeff',
    '\x07',
  ],
  ...'null ~ True FALSE 0x1F 0o17 017 -0 +1 1e5 1. .5 1e999 .inf -.Inf .nan'.split(' '),
  ...[
    'x:\n  ',
    '\n    ',
    '\n- ',
    '\n  - ',
    '{a: 1}',
    '[1, 2]',
    '{a, b: }',
    '[a: b]',
    '"q": ',
    "'r': ",
    '<<: ',
    'é',
    '\u{1F600}',
    '\u2028',
  ],
];

interface Change {
  readonly at: number;
  readonly cut: number;
  readonly piece: string;
}

/** Replaces what stands at a place, in ten-thousandths of the text. */
function changed(text: string, { at, cut, piece }: Change): string {
  const from = Math.floor((at * text.length) / 10_000);
  return text.slice(0, from) + piece + text.slice(from + cut);
}

const noise = fc.array(fc.constantFrom(...pieces), { maxLength: 14 }).map((parts) => parts.join(''));
const change = fc.record({ at: fc.nat(10_000), cut: fc.nat(3), piece: fc.constantFrom('', ...pieces) });
const edited = fc
  .tuple(fc.constantFrom(...files), fc.array(change, { maxLength: 3 }))
  .map(([file, changes]) => changes.reduce(changed, file));

describe('the quick reader of YAML', () => {
  test('says what the reader of the whole language says, with all places, or nothing', () => {
    fc.assert(
      fc.property(fc.oneof(noise, edited), (text) => {
        const tree = readPlainYaml(text);
        if (tree === undefined) return;
        const report = new Report();
        expect(tree).toEqual(readWholeYaml(text, report.file('f')));
        expect(report.problems()).toEqual([]);
      }),
      { numRuns: 5000 },
    );
  });

  test.each(files.map((text) => [text]))('agrees on %j', (text) => {
    const tree = readPlainYaml(text);
    if (tree !== undefined) expect(tree).toEqual(readWholeYaml(text, new Report().file('f')));
  });

  test('reads what most files look like', () => {
    const text = '# ours\nname: x\nmodels:\n  "a b":\n    limits: {context_window: 128000, "q": [1, \'two\', ~]}\n  - ';
    expect(readPlainYaml(text)).toBeUndefined();
    const tree = readPlainYaml(text.slice(0, -4));
    const at = (...path: (string | number)[]) => tree && nodeAt(tree, path);
    expect(at('name')).toEqual({ kind: 'scalar', place: { line: 2, column: 7 }, value: 'x' });
    const window = { kind: 'scalar', place: { line: 5, column: 30 }, value: 128_000, source: '128000' };
    expect(at('models', 'a b', 'limits', 'context_window')).toEqual(window);
    expect(at('models', 'a b', 'limits', 'q', 1)).toMatchObject({ value: 'two', place: { line: 5, column: 47 } });
    const read = files.filter((file) => readPlainYaml(file) !== undefined);
    expect(read.length).toBeGreaterThan(files.length * 0.8);
  });

  test.each([
    ['an anchor', 'a: &x 1\nb: *x\n'],
    ['a tag', 'a: !!str 1\n'],
    ['a text of several lines', 'a: |\n  b\n'],
    ['a key that stands twice', 'a: 1\na: 2\n'],
    ['a second document', 'a: 1\n---\nb: 2\n'],
    ['a key that is a list', '? [a]\n: 1\n'],
    ['an empty key', ': 1\n'],
    ['a directive', '%YAML 1.2\n---\na: 1\n'],
    ['nothing', '# nothing\n'],
    ['a text alone', 'a\n'],
    ['a key behind a list in brackets', 'a:\n- [1, 2]x: y\n'],
    ['a tab', 'a:\n\t\n'],
    ['a number beyond all numbers', 'a: 1e999\n'],
    ['what is nested too deep', `a: ${'['.repeat(70)}${']'.repeat(70)}\n`],
    ['what is very large', `a: [${'1,'.repeat(100_000)}]\n`],
  ])('leaves %s to the other one', (_, text) => {
    expect(readPlainYaml(text)).toBeUndefined();
  });

  test('a fault is told by the other one', () => {
    const report = new Report();
    expect(readYamlTree('a: b: c\n', report.file('f'))).toBeUndefined();
    expect(report.problems()).toMatchObject([{ line: 1, column: 4 }]);
  });
});
