import { expect, it } from 'vitest';
import { readOptions } from './options.ts';

it('reads both kinds of runs, with their defaults', () => {
  expect(readOptions([])).toMatchObject({ mode: 'scripted', tasks: 2000, seed: 1, atOnce: 16, approaches: [] });
  expect(readOptions(['moa', '--tasks', '50', '--p', '.3'])).toMatchObject({
    tasks: 50,
    right: 0.3,
    approaches: ['moa'],
  });
  const real = ['--questions', 'f.jsonl', '--url', 'http://127.0.0.1:8000', '--model', 'm'];
  expect(readOptions(real)).toMatchObject({ mode: 'questions', approaches: ['none', 'moa'], keyVariable: undefined });
  const more = [...real, '--approach', 'bon', '--approach', 'none', '--key-env', 'KEY', '--limit', '3'];
  expect(readOptions(more)).toMatchObject({ approaches: ['bon', 'none'], keyVariable: 'KEY', limit: 3 });
  expect(readOptions(['--stream'])).toMatchObject({ stream: true });
  expect(readOptions(['--help'])).toBeUndefined();
});

it.each([
  [['--tasks', '0'], /--tasks 0/],
  [['--tasks', '1.5'], /whole number/],
  [['--p', '1.2'], /--p 1.2/],
  [['--seed='], /--seed/],
  [['--bogus'], /bogus/],
  [['--url', 'http://a'], /--url is only for/],
  [['--questions', 'f', '--url', 'http://a'], /--model/],
  [['--questions', 'f', '--url', 'a', '--model', 'm'], /no URL/],
  [['--questions', 'f', '--url', 'http://a', '--model', 'm', '--tasks', '5'], /--tasks is only for/],
  [['--questions', 'f', '--url', 'http://a', '--model', 'm', 'moa'], /--approach/],
  [['--questions', 'f', '--url', 'http://a', '--model', 'm', '--stream'], /--stream is only for/],
])('refuses %j', (args, message) => {
  expect(() => readOptions(args)).toThrow(message);
});
