import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkSizes } from './check-size.ts';

async function check(files: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), 'headrace-size-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return checkSizes(folder);
}

/** So many lines, each of which is valid in the language. */
const filled = (lines: number, line: string) => `${line}\n`.repeat(lines);
const scriptFunction = (lines: number, name = 'long') => `function ${name}() {\n${filled(lines - 2, '  go();')}}\n`;

describe('sizes of files', () => {
  it('allows 400 lines, warns past 250', async () => {
    const report = await check({
      'src/a.ts': filled(250, '// a'),
      'src/b.ts': filled(251, '// b'),
      'test/c.cjs': filled(400, '// c'),
    });
    expect(report).toMatchObject({ errors: [], files: 3 });
    expect(report.warnings).toEqual(['test/c.cjs: 400 lines, more than 250', 'src/b.ts: 251 lines, more than 250']);
  });

  it.each(['src/deep/er/a.ts', 'test/a.cjs', 'scripts/a.py', 'bench/a.c'])('refuses 401 lines in %s', async (name) => {
    const report = await check({ [name]: filled(401, name.endsWith('.py') ? '# a' : '// a') });
    expect(report).toMatchObject({ errors: [`${name}: 401 lines, more than 400`], warnings: [] });
  });

  it('looks at no other folder and no other kind of file', async () => {
    const report = await check({ 'docs/a.ts': filled(500, '// a'), 'src/a.yaml': filled(500, '# a') });
    expect(report).toEqual({ errors: [], warnings: [], files: 0, functions: 0 });
  });
});

describe('sizes of functions', () => {
  it('allows 80 lines, warns past 40', async () => {
    const report = await check({
      'src/a.ts': scriptFunction(40),
      'src/b.ts': scriptFunction(41),
      'src/c.ts': scriptFunction(80),
      'src/d.ts': scriptFunction(81),
    });
    expect(report.errors).toEqual(['src/d.ts:1 long: 81 lines, more than 80']);
    expect(report.warnings).toEqual([
      'src/c.ts:1 long: 80 lines, more than 40',
      'src/b.ts:1 long: 41 lines, more than 40',
    ]);
  });

  it('sees every kind of function, by its name', async () => {
    const body = `{\n${filled(80, '    go();')}  }`;
    const report = await check({
      'src/a.ts': `const arrow = () => ${body};\nexport class Room {\n  constructor() ${body}\n  #hidden(): void ${body}\n  get size() ${body}\n}\n`,
      'src/b.cjs': `'use strict';\nmodule.exports = { method() ${body} };\nrun(function () ${body});\n`,
    });
    const names = report.errors.map((error) => error.split(':').slice(0, 2).join(':'));
    expect(names.toSorted()).toEqual([
      'src/a.ts:1 arrow',
      'src/a.ts:166 #hidden',
      'src/a.ts:248 size',
      'src/a.ts:84 constructor',
      'src/b.cjs:2 method',
      'src/b.cjs:84 (anonymous)',
    ]);
  });

  it('is not misled by braces in texts, templates and regular expressions', async () => {
    const braces = `const text = '}' + \`}\${'{'}\` + /[}]{2}/.source;\n`;
    const report = await check({
      'src/a.ts': `function long() {\n${braces.repeat(80)}}\n${scriptFunction(3, 'short')}`,
    });
    expect(report.errors).toEqual(['src/a.ts:1 long: 82 lines, more than 80']);
    expect(report).toMatchObject({ warnings: [], functions: 2 });
  });

  it('takes the chapters of a test for no functions, but the tests in them', async () => {
    const test = `it('goes', () => {\n${filled(81, '  go();')}});\n`;
    const report = await check({ 'src/a.test.ts': `describe('a', () => {\n${test}});\n` });
    expect(report.errors).toEqual(['src/a.test.ts:2 (anonymous): 83 lines, more than 80']);
  });

  it('measures C', async () => {
    const text = `#define OPEN {\nstruct pair { int a; };\nstatic const char *close = "}";\n\nstatic int\nlong_one(int a,\n  int b)\n{\n${filled(78, "  go('}'); // }")}}\nint short_one(void) { return 1; }\n`;
    const report = await check({ 'bench/a.c': text });
    expect(report).toMatchObject({ errors: ['bench/a.c:6 long_one: 82 lines, more than 80'], functions: 2 });
  });

  it('measures Python', async () => {
    const text = `class A:\n    def long(self):\n${filled(80, '        go()')}\n\n    async def short(self):\n        go()\n`;
    const report = await check({ 'scripts/a.py': text });
    expect(report).toMatchObject({ errors: ['scripts/a.py:2 long: 81 lines, more than 80'], functions: 2 });
  });
});
