import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { CodeExecutionConfig } from '../../src/config/approaches-config.ts';

/** The sandbox as the page about approaches shows it. */
export const recipe = readRecipe();

/** Whether bubblewrap works on this machine; where not, tests of running code are left out, and say so. */
export const hasSandbox = worksHere();

/** The recipe's command with other limits. */
export function sandboxWith(limits: Partial<CodeExecutionConfig> = {}): CodeExecutionConfig {
  return {
    enabled: true,
    command: recipe.command,
    timeoutMs: 20_000,
    memoryBytes: 512 * 1024 * 1024,
    outputBytes: 64 * 1024,
    ...limits,
  };
}

/** The recipe's command for code on standard input. */
export function sandboxFromInput(): readonly string[] {
  const at = recipe.command.indexOf('{folder}');
  return recipe.command.toSpliced(at - 1, 3).with(-1, '-');
}

/** The recipe's command without some of its words, or with others in their place. */
export function weakened(...changes: readonly (readonly [string, readonly string[]])[]): readonly string[] {
  return changes.reduce<readonly string[]>((command, [word, instead]) => {
    if (!command.includes(word)) throw new Error(`the recipe has no ${word}`);
    return command.flatMap((part) => (part === word ? instead : [part]));
  }, recipe.command);
}

function readRecipe(): { readonly text: string; readonly command: readonly string[] } {
  const page = readFileSync(new URL('../../docs/approaches.md', import.meta.url), 'utf8');
  const blocks = page.split('```yaml\n').map((part) => part.slice(0, part.indexOf('```')));
  const text = blocks.find((block) => block.includes('code_execution:') && block.includes('bwrap'));
  if (text === undefined) throw new Error('the page about approaches has no recipe for a sandbox');
  return { text, command: parse(text).approaches.code_execution.command };
}

function worksHere(): boolean {
  const works = spawnSync('bwrap', ['--unshare-all', '--ro-bind', '/', '/', 'true']).status === 0;
  if (!works) process.stderr.write('SKIPPED: bubblewrap does not work here, so that no code is run in tests\n');
  return works;
}
