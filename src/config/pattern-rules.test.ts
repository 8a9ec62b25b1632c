import { describe, expect, test } from 'vitest';
import { compileSearch, searchedLength } from './pattern-rules.ts';

describe('a pattern to search for', () => {
  test.each([
    ['prove', 'Please PROVE it.'],
    ['(?:write|draft).*(?:essay|poem)', 'Write me an essay'],
    ['\\bsql\\b', 'some SQL here'],
    ['^hello', 'Hello there'],
  ])('%s is found in %s', (source, text) => {
    expect((compileSearch(source) as RegExp).test(text)).toBe(true);
  });

  test.each(['(a+)+b', '(a|aa)*b', '.*a.*b', '\\s+x\\s*y', 'a?'.repeat(20), '(', 'a)|(b'])(
    '%s is refused',
    (source) => {
      expect(compileSearch(source)).toBeTypeOf('string');
    },
  );

  test('the slowest that is allowed takes no long time', () => {
    const pattern = compileSearch('(?:a|a|a|a|a|a|a).*(?:b|c)') as RegExp;
    const started = performance.now();
    expect(pattern.test('a'.repeat(searchedLength))).toBe(false);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
