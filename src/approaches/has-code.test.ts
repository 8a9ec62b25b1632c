import { expect, test } from 'vitest';
import { hasCode } from './has-code.ts';

test.each([
  ['a fence', 'What is this?\n```\nx\n```'],
  ['another fence', '~~~python\nx\n~~~'],
  ['lines of C', 'Why?\nint x = 1;\nreturn x;'],
  ['lines of Python', 'def f(x):\n    return x\nimport os.path; f("a")'],
  ['JSON', '{\n  "a": 1\n}'],
])('%s is code', (_, text) => expect(hasCode(text)).toBe(true));

test.each([
  ['prose', 'Where does it come from; and what does it do?\nLet me know.'],
  ['one line that looks like it', 'It says: return x;\nWhat is that?'],
  ['words of programs', 'The function of the class is\nto import goods from abroad'],
  ['nothing', ''],
])('%s is none', (_, text) => expect(hasCode(text)).toBe(false));

test('a very long line takes no time', () => {
  const started = performance.now();
  hasCode(`${' '.repeat(1_000_000)}\nclass ${'a'.repeat(1_000_000)}`);
  expect(performance.now() - started).toBeLessThan(5000);
});
