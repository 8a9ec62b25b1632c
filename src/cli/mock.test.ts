import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startFakeBackend } from '../../test/fake-backend/fake-backend.ts';
import { postJson } from '../../test/fake-backend/http-client.ts';

const program = `
  const { mockCommand } = await import(${JSON.stringify(new URL('./mock.ts', import.meta.url).href)});
  await mockCommand().parseAsync(process.argv.slice(1), { from: 'user' });
`;

function start(...flags: string[]): { child: ChildProcess; output: () => string; ended: Promise<number | null> } {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, '--', ...flags]);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  let output = '';
  child.stdout.on('data', (piece) => {
    output += piece;
  });
  child.stderr.on('data', (piece) => {
    output += piece;
  });
  return { child, output: () => output, ended };
}

async function scriptFile(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mock-command-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 's.yaml');
  await writeFile(file, text);
  return file;
}

test.each(['SIGTERM', 'SIGINT'] as const)('serves with its flags until %s', async (signal) => {
  const script = await scriptFile('- status: 503\n- content: scripted\n');
  const { child, output, ended } = start('--port', '0', '--require-key', 'k', '--delay', '30', '--script', script);
  await expect.poll(output, { timeout: 20_000 }).toMatch(/curl/);
  const url = `${/http:\S+/.exec(output())?.[0]}/chat/completions`;
  const body = { model: 'm', messages: [{ role: 'user', content: 'x' }] };
  const headers = { authorization: 'Bearer k' };
  const started = performance.now();
  expect((await postJson(url, body)).status).toBe(401);
  expect(performance.now() - started).toBeGreaterThanOrEqual(29);
  expect((await postJson(url, body, { headers })).status).toBe(503);
  expect((await postJson(url, body, { headers })).text).toContain('"content":"scripted"');
  child.kill(signal);
  expect(await ended).toBe(0);
  expect(output()).not.toContain('Bearer k');
});

test('a bad script gives its places and exit code 1', async () => {
  const script = await scriptFile('- status: 503\n- statsu: 1\n');
  const { output, ended } = start('--port', '0', '--script', script);
  expect(await ended).toBe(1);
  expect(output()).toBe(`${script}:2:3: [1].statsu: unknown field, did you mean status?\n`);
});

test('a port in use, a bad number and an unknown profile are said', async () => {
  const server = await startFakeBackend();
  const taken = start('--port', String(server.port));
  const number = start('--port', '9x');
  const profile = start('--profile', 'nope');
  expect([await taken.ended, await number.ended, await profile.ended]).toEqual([1, 1, 1]);
  expect(taken.output()).toContain(`port ${server.port} of 127.0.0.1 is in use, choose another with --port`);
  expect(number.output()).toContain('must be a whole number');
  expect(profile.output()).toContain('llama-server');
});

test('the help explains the magic model names', async () => {
  const { output, ended } = start('--help');
  expect(await ended).toBe(0);
  expect(output()).toContain('error-in-stream');
});

test('replays a capture, and takes no script beside it', async () => {
  const body = '{"model":"m","messages":[]}';
  const line = {
    v: 1,
    request: { body },
    attempts: [
      {
        model: 'm',
        ms: 1,
        request: { method: 'POST', url: 'http://127.0.0.1:9/deep/v1/chat/completions', body_as: 'request' },
        answer: { status: 418, ms: 2, headers: { 'content-type': 'text/plain' }, body: 'tea', chunks: [[2, 3]] },
        end: 'whole',
      },
    ],
  };
  const capture = await scriptFile(`${JSON.stringify(line)}\n`);
  const { output } = start('--port', '0', '--replay', capture, '--replay-speed', '1');
  await expect.poll(output, { timeout: 20_000 }).toMatch(/1 recorded answers/);
  const url = /http:\S+/.exec(output())?.[0];
  expect(url).toMatch(/\/deep\/v1$/);
  const answer = await postJson(`${url}/chat/completions`, JSON.parse(body));
  expect([answer.status, answer.text]).toEqual([418, 'tea']);
  const both = start('--port', '0', '--replay', capture, '--script', capture);
  expect(await both.ended).toBe(1);
  expect(both.output()).toContain("option '--replay <file>' cannot be used with option '--script <file>'");
  const speed = start('--port', '0', '--replay', capture, '--replay-speed', '-1');
  expect(await speed.ended).toBe(1);
  expect(speed.output()).toContain('must be a number of at least 0');
});
