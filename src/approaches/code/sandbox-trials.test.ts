import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hasSandbox, recipe } from '../../../test/harness/code-sandbox.ts';
import { runCommand } from '../../../test/harness/command-line.ts';
import { writeConfig } from '../../../test/harness/test-gateway.ts';
import { ConfigLoader } from '../../config/config-loader.ts';
import { formatProblem } from '../../config/problem.ts';
import { createSandboxTrials } from './sandbox-trials.ts';

/** A section with that command. */
const sectionWith = (command: readonly string[], more = 'enabled: true') =>
  `approaches:\n  code_execution:\n    command: ${JSON.stringify(command)}\n${more.replace(/^/gm, '    ')}\n`;

async function createRig(settings: string) {
  const folder = await writeConfig({ 'headrace.yaml': settings });
  const loader = new ConfigLoader({
    flags: { configDir: folder },
    env: {},
    cwd: folder,
    sandbox: createSandboxTrials(),
  });
  return {
    folder,
    load: async () => {
      const { problems, config } = await loader.load();
      return { lines: problems.map(formatProblem), isGood: config !== undefined };
    },
    write: (text: string) => writeFile(join(folder, 'headrace.yaml'), text),
  };
}

/** A sandbox that notes each run in a file; it does so before it takes anything away. */
async function createNoting(folder: string, command: readonly string[]) {
  const [script, notes] = [join(folder, 'sandbox.sh'), join(folder, 'notes')];
  await writeFile(script, `#!/bin/sh\necho run >> ${notes}\nPATH=/usr/bin:/bin exec "$@"\n`);
  await chmod(script, 0o700);
  const runs = async () => (await readFile(notes, 'utf8').catch(() => '')).split('\n').length - 1;
  return { command: [script, ...command], runs };
}

describe('a sandbox in the configuration', () => {
  it.skipIf(!hasSandbox)('is good as the page has it', async () => {
    const { load } = await createRig(recipe.text);
    expect(await load()).toEqual({ lines: [], isGood: true });
  });

  it('is a problem where it does not work, at its place', async () => {
    const { load } = await createRig(sectionWith(['no-such-sandbox']));
    const { lines, isGood } = await load();
    expect(isGood).toBe(false);
    expect(lines).toEqual([
      expect.stringMatching(
        /headrace\.yaml:3:14: approaches\.code_execution\.command: cannot be started: .*no-such-sandbox/,
      ),
    ]);
  });

  it('is a problem where it holds nothing back', async () => {
    const { load } = await createRig(sectionWith(['python3', '-']));
    const { lines, isGood } = await load();
    expect(isGood).toBe(false);
    expect(lines.join('\n')).toMatch(/lets code use the network/);
  });

  it('is not tried while it is off, or wrong as it is written', async () => {
    const { folder, load, write } = await createRig('');
    const { command, runs } = await createNoting(folder, ['false']);
    await write(sectionWith(command, 'enabled: false'));
    expect(await load()).toEqual({ lines: [], isGood: true });
    await write(sectionWith([...command, '\0']));
    expect((await load()).lines).toEqual([expect.stringContaining('NUL')]);
    expect(await runs()).toBe(0);
  });

  it.skipIf(!hasSandbox)('is tried again where it has changed, and only then', async () => {
    const { folder, load, write } = await createRig('');
    const { command, runs } = await createNoting(folder, recipe.command);
    await write(sectionWith(command));
    expect(await load()).toEqual({ lines: [], isGood: true });
    await write(`${sectionWith(command)}\n# changed\n`);
    expect(await load()).toEqual({ lines: [], isGood: true });
    expect(await runs()).toBe(1);
    await write(sectionWith(command, 'enabled: true\nmemory_mb: 400'));
    expect(await load()).toEqual({ lines: [], isGood: true });
    expect(await runs()).toBe(2);
  });

  it('is tried again where it was not good', async () => {
    const { folder, load, write } = await createRig('');
    const { command, runs } = await createNoting(folder, ['false']);
    await write(sectionWith(command));
    expect((await load()).isGood).toBe(false);
    expect((await load()).isGood).toBe(false);
    expect(await runs()).toBe(2);
    await rm(join(folder, 'sandbox.sh'));
    expect((await load()).lines).toEqual([expect.stringContaining('cannot be started')]);
  });

  it.each(['check', 'start'])('is tried by headrace %s', async (name) => {
    const cwd = await writeConfig({ 'config/headrace.yaml': sectionWith(['false']) });
    const command = runCommand([name, '--port', '0'], { cwd, env: {} });
    expect((await command.exit).code).toBe(1);
    expect(command.stderr()).toMatch(/approaches\.code_execution\.command: does not run Python/);
  });
});
