import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { runCommand } from '../../harness/command-line.ts';
import { writeConfig } from '../../harness/test-gateway.ts';
import { chat, chatPath } from '../local-servers/chat.ts';
import { adminKey, declaring, inEffect } from './rig.ts';

const page = new URL('../../../docs/operating.md', import.meta.url);
/** What stands in the page for the provider. */
const exampleUrl = 'https://api.example.com/v1';

/** The commands below a heading of the page, each from its comment on. */
async function commandsBelow(heading: string): Promise<string[]> {
  const text = await readFile(page, 'utf8');
  const [, section = ''] = text.split(`\n### ${heading}\n`);
  const [, block = ''] = /^```sh\n([\s\S]*?)^```$/m.exec(section) ?? [];
  return block.split(/^(?=# \d)/m);
}

interface Shell {
  /** Resolves with what the command has printed when it is done. */
  paste(command: string): Promise<string>;
}

/** A shell as an operator has it open, in the folder where the gateway was started. */
function openShell(cwd: string, env: Readonly<Record<string, string>>): Shell {
  const child = spawn('bash', ['--norc', '-s'], { cwd, env: { PATH: process.env.PATH ?? '', ...env } });
  let said = '';
  for (const output of [child.stdout, child.stderr]) {
    output.on('data', (chunk: Buffer) => {
      said += chunk;
      child.emit('said');
    });
  }
  onTestFinished(async () => {
    if (child.exitCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  let pasted = 0;
  return {
    paste: async (command) => {
      const mark = `--- ${++pasted} done`;
      said = '';
      child.stdin.write(`${command}\necho '${mark}'\n`);
      while (!said.includes(mark)) await once(child, 'said');
      return said.slice(0, said.indexOf(mark)).trim();
    },
  };
}

interface Answered {
  readonly status: number;
  readonly backend: string | null;
  /** What was done of the procedure when the request was sent. */
  readonly step: number;
}

/** Asks for a model again and again, until it is told to stop. */
function loopOf(url: string, model: string, step: () => number): () => Promise<readonly Answered[]> {
  const answers: Answered[] = [];
  let running = true;
  const loop = (async () => {
    while (running) {
      const sentIn = step();
      const answer = await fetch(url + chatPath, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: adminKey },
        body: JSON.stringify(chat({ model })),
      });
      await answer.text();
      answers.push({ status: answer.status, backend: answer.headers.get('x-headrace-backend'), step: sentIn });
    }
  })();
  return async () => {
    running = false;
    await loop;
    return answers;
  };
}

async function start(workers: string) {
  const old = await startFakeBackend();
  const provider = await startFakeBackend();
  const cwd = await writeConfig({ 'config/backends/old/backend.yaml': declaring(old.baseUrl, 'model-x', 'model-y') });
  const env = { HEADRACE_ADMIN_KEY: adminKey, PROVIDER_KEY: 'key-of-the-provider-0123' };
  const command = runCommand(['start', '--port', '0', '--workers', workers], { cwd, env });
  const [, url = ''] = await command.waitFor(/listening on (http:\S+)/);
  return { old, provider, cwd, url, shell: openShell(cwd, { TOKEN: adminKey, URL: url }) };
}

/** Does what the page says while requests run. `said` and `step` count the commands from 1. */
async function follow(heading: string, workers: string) {
  const { old, provider, cwd, url, shell } = await start(workers);
  const commands = await commandsBelow(heading);
  expect(commands.join('')).toContain(exampleUrl);
  let step = 0;
  const loops = ['model-x', 'model-x', 'model-y'].map((model) => loopOf(url, model, () => step));
  const said: string[] = [''];
  for (const command of commands) {
    said.push(await shell.paste(command.replaceAll(exampleUrl, provider.baseUrl)));
    step++;
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  const declared = await readFile(join(cwd, 'config/backends/old/backend.yaml'), 'utf8');
  expect(declared).not.toContain('model-x');
  await inEffect(
    async () =>
      !(await (await fetch(`${url}/admin/config`, { headers: { authorization: adminKey } })).text()).includes(
        'models.model-x',
      ),
  );
  const [one = [], two = [], others = []] = await Promise.all(loops.map((stop) => stop()));
  expect(new Set(others.map(({ status, backend }) => `${status} ${backend}`))).toEqual(new Set(['200 old']));
  expect(provider.posts().at(-1)).toMatchObject({ model: 'model-x-2026' });
  expect(old.posts().length + provider.posts().length).toBe(
    [...one, ...two, ...others].filter(({ status }) => status === 200).length,
  );
  return { said, commands, answers: [...one, ...two] };
}

function kindsOf(answers: readonly Answered[], isMeant: (step: number) => boolean): string[] {
  const meant = answers.filter(({ step }) => isMeant(step));
  return [...new Set(meant.map(({ status, backend }) => `${status} ${backend}`))].toSorted();
}

describe.each(['1', '2'])('the commands of the page, pasted one by one, with --workers %s', (workers) => {
  test('first the connector, then the DELETE: no request fails', { timeout: 60_000 }, async () => {
    const { said, commands, answers } = await follow('Without a gap: first the connector, then the DELETE', workers);
    expect(commands).toHaveLength(6);
    expect([said[1], said[5]]).toEqual(['404', '204']);
    expect(said[3]).toContain('"ok":true');
    expect(said[4]).toMatch(/"internal":"model-x".*"status":"pending"/);
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    expect(kindsOf(answers, (step) => step < 4)).toEqual(['200 old']);
    expect(kindsOf(answers, (step) => step >= 5)).toEqual(['200 provider']);
  });

  test('first the DELETE, then the connector: 404 in between, and nothing else', { timeout: 60_000 }, async () => {
    const { said, commands, answers } = await follow(
      'The other way round: first the DELETE, then the connector',
      workers,
    );
    expect(commands).toHaveLength(6);
    expect([said[1], said[2]]).toEqual(['404', '204']);
    expect(said[4]).toContain('"ok":true');
    expect(said[5]).toMatch(/"internal":"model-x".*"status":"active"/);
    expect(kindsOf(answers, (step) => step < 1)).toEqual(['200 old']);
    expect(kindsOf(answers, (step) => step === 2)).toEqual(['404 null']);
    expect(kindsOf(answers, (step) => step >= 4)).toEqual(['200 provider']);
    expect(kindsOf(answers, () => true)).toEqual(['200 old', '200 provider', '404 null']);
  });
});
