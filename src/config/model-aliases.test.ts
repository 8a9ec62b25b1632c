import { expect, test } from 'vitest';
import { loadGood } from '../../test/goldens/config-folder.ts';
import { compilePattern } from './pattern-rules.ts';

async function rewrite(pattern: string, model: string, name: string): Promise<string | undefined> {
  const yaml = JSON.stringify({ model_aliases: [{ pattern, model }] });
  const { modelAliases } = await loadGood({ 'config/headrace.yaml': yaml });
  const [alias] = modelAliases;
  return alias?.pattern.test(name) ? name.replace(alias.pattern, alias.model) : undefined;
}

test.each([
  ['gpt-4o', 'a:b', 'gpt-4o', 'a:b'],
  ['gpt-4o', 'a:b', 'gpt-4o-mini', undefined],
  ['gpt-4o', 'a:b', 'my-gpt-4o', undefined],
  ['gpt|claude', 'a:b', 'gpt-4', undefined],
  ['gpt|claude', 'a:b', 'claude', 'a:b'],
  ['^gpt-(.*)$', 'azure:$1', 'gpt-4.1', 'azure:4.1'],
  ['(?<family>[a-z]+)-(?<rest>.*)', 'x:$<rest>/$<family>', 'gpt-4', 'x:4/gpt'],
  ['(.*)-latest', '$$$1', 'gpt-latest', '$gpt'],
  ['(.*)', 'x:$1', 'a\nb', undefined],
  ['gpt-([\\s\\S]*)', '$1', `gpt-${'a'.repeat(252)}`, 'a'.repeat(252)],
  ['gpt-([\\s\\S]*)', '$1', `gpt-${'a'.repeat(253)}`, undefined],
])('%s -> %s rewrites %s to %s', async (pattern, model, name, expected) => {
  expect(await rewrite(pattern, model, name)).toBe(expected);
});

test('patterns that are taken are quick on the names that are worst for them', () => {
  const patterns = [
    `${'a?'.repeat(20)}b`,
    '(a|a)'.repeat(20),
    '(.*)-(.*)(a|b)?x',
    '.*.*.*x',
    '(.*)-(.*)-(.*)x',
    '[a-]*a[a-]*a[a-]*b',
    '(?:gpt|o)(\\d?)(\\w*)!',
    '(.+)\\1x',
  ];
  const compiled = patterns.map(compilePattern);
  expect(compiled.map((one) => typeof one)).toEqual(patterns.map(() => 'object'));
  const start = performance.now();
  for (const pattern of compiled) {
    for (const name of ['a'.repeat(256), '-'.repeat(256), 'a-'.repeat(128), 'a'.repeat(100_000)]) {
      if (typeof pattern !== 'string') expect(pattern.test(name)).toBe(false);
    }
  }
  expect(performance.now() - start).toBeLessThan(5000);
});

test.each([
  '(a+)+',
  '(a|a)*',
  '(?:(?:a|b)c)+',
  '(a*)*',
  '(\\d|[0-9])+',
  '(a|b){2,}',
  '.*.*.*.*',
  '(?=(a+)+)b',
  '(a?a)+',
  '((a?)b)*',
  '(a?){30}a',
  '(?:(?:a|a))*',
  `${'a?'.repeat(30)}b`,
  '(a|a)'.repeat(30),
  'a{0,99}'.repeat(5),
  '[)](a|b)+',
])('%s is refused', (pattern) => expect(compilePattern(pattern)).toContain('exponential'));

test.each([
  '[(a|b)]+',
  '\\(a|b\\)+',
  'a|b+',
  '(a|b)?',
  '(a|b)-.*',
  '[*+]{3}',
  '(-.*)?',
  `(${'x|'.repeat(200)}y)-(.*)`,
  'a{3}'.repeat(10),
  `${'a?'.repeat(12)}b`,
  '(?:-(?:x.*)?)?',
  '(?<a>.+?)-(?<b>.*)',
])('%s is not', (pattern) => {
  expect(compilePattern(pattern)).toBeInstanceOf(RegExp);
});
