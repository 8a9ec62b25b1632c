import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { testCatalogue } from './approach-catalogue.ts';

/**
 * Each folder in `config/` is a case: what stands in it is loaded as from its own working directory, and the problems
 * must be the lines of its `expected.txt`. `case.yaml` may give `env`, `flags`, and `absent`: texts that no line may
 * hold. UPDATE_GOLDENS=1 writes `expected.txt` anew.
 */
const root = join(import.meta.dirname, 'config');
const update = process.env.UPDATE_GOLDENS === '1';

interface Case {
  readonly env?: Record<string, string>;
  readonly flags?: Record<string, string>;
  readonly absent?: readonly string[];
}

async function readCase(folder: string): Promise<Case> {
  const text = await readFile(join(folder, 'case.yaml'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return (parse(text) as Case | null) ?? {};
}

describe('configuration goldens', () => {
  const names = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  test.each(names.map((entry) => entry.name).toSorted())('%s', async (name) => {
    const folder = join(root, name);
    const { env = {}, flags = {}, absent = [] } = await readCase(folder);
    const { problems, config } = await loadConfig({ flags, env, cwd: folder, approaches: testCatalogue });
    const lines = problems.map((problem) => `${formatProblem(problem)}\n`).join('');
    for (const secret of absent) expect(lines).not.toContain(secret);
    expect(config === undefined).toBe(problems.some((problem) => problem.severity === 'error'));
    if (update) await writeFile(join(folder, 'expected.txt'), lines);
    expect(lines).toBe(await readFile(join(folder, 'expected.txt'), 'utf8'));
  });
});
