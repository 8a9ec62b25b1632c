import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { hasSandbox, sandboxFromInput, sandboxWith, weakened } from '../../../test/harness/code-sandbox.ts';
import type { CodeExecutionConfig } from '../../config/approaches-config.ts';
import { trySandbox } from './try-sandbox.ts';

function makeHidden(): string {
  const folder = mkdtempSync(join(tmpdir(), 'headrace-hidden-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'headrace.yaml'), '');
  return folder;
}

const trial = (limits: Partial<CodeExecutionConfig>, hidden = makeHidden()) => trySandbox(sandboxWith(limits), hidden);

/** A process that runs the sandbox of the page for others, and the command that talks to it. */
async function startDaemon(): Promise<readonly string[]> {
  const command = sandboxFromInput();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const child = spawn(command[0] ?? '', command.slice(1), {
      env: { PATH: process.env.PATH },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    socket.pipe(child.stdin);
    child.stdout.pipe(socket);
    socket.on('error', () => {}); // the client is killed in the middle
    socket.on('close', () => child.kill('SIGKILL'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  const client = `
import os, socket, sys
with socket.create_connection(("127.0.0.1", ${port})) as daemon:
    daemon.sendall(sys.stdin.buffer.read())
    daemon.shutdown(socket.SHUT_WR)
    while data := daemon.recv(65536):
        os.write(1, data)
`;
  return ['python3', '-c', client];
}

describe.skipIf(!hasSandbox)('trying a sandbox', () => {
  it('finds nothing wrong with that of the page', async () => {
    expect(await trial({})).toEqual({ faults: [], doubts: [] });
  });

  it('finds nothing wrong where its limits are small', async () => {
    expect(await trial({ timeoutMs: 1, outputBytes: 10, memoryBytes: 128 * 1024 * 1024 })).toEqual({
      faults: [],
      doubts: [],
    });
  });

  it.each<[string, readonly string[], RegExp]>([
    ['the network', weakened(['--unshare-all', ['--unshare-all', '--share-net']]), /network/],
    [
      'process ids',
      weakened(['--unshare-all', ['--unshare-net', '--unshare-ipc']], ['--disable-userns', []]),
      /behind when it is killed/,
    ],
    ['what ends with it', weakened(['--die-with-parent', []]), /behind when it is killed/],
  ])('sees where it does not take away %s', async (_, command, fault) => {
    const { faults } = await trial({ command });
    expect(faults).toContainEqual(expect.stringMatching(fault));
  });

  it('sees that it hands out a variable of ours', async () => {
    process.env.HEADRACE_TEST_CANARY = 'canary';
    onTestFinished(() => void delete process.env.HEADRACE_TEST_CANARY);
    const command = weakened(['--new-session', ['--new-session', '--setenv', 'HEADRACE_TEST_CANARY', 'canary']]);
    const { faults } = await trial({ command });
    expect(faults).toEqual([expect.stringContaining('HEADRACE_TEST_CANARY')]);
    expect(faults.join()).not.toContain('=canary');
  });

  it('sees that the folder can be read', async () => {
    const hidden = makeHidden();
    const command = weakened(['prlimit', ['--ro-bind', hidden, hidden, 'prlimit']]);
    expect((await trial({ command }, hidden)).faults).toEqual([expect.stringContaining(hidden)]);
  });

  it('doubts one that a daemon runs, which no limit of the gateway reaches', async () => {
    const { faults, doubts } = await trial({ command: await startDaemon() });
    expect(faults).toEqual([]);
    expect(doubts).toEqual([expect.stringContaining('memory_mb')]);
  });

  it.each<[string, readonly string[]]>([
    ['a program that is not there', ['no-such-sandbox', '{folder}']],
    ['a sandbox that takes it and says nothing', ['true', '{folder}']],
    ['a sandbox that fails', ['false']],
    ['arguments that it does not know', weakened(['--new-session', ['--no-such-argument']])],
    ['a sandbox without Python', weakened(['/usr/bin/python3', ['/usr/bin/no-such-python']])],
    ['something that prints what it likes', ['echo', 'hello']],
  ])('tells of %s', async (_, command) => {
    const { faults } = await trial({ command });
    expect(faults).toEqual([expect.stringMatching(/cannot be started|does not run Python/)]);
  });

  it('tells of no sandbox at all', async () => {
    const hidden = makeHidden();
    const { faults } = await trial({ command: ['python3', '-'] }, hidden);
    expect(faults).toContainEqual(expect.stringMatching(/network/));
    expect(faults).toContainEqual(expect.stringMatching(/\/proc/));
    expect(faults).toContainEqual(expect.stringContaining(hidden));
    expect(faults).toContainEqual(expect.stringMatching(/behind when it is killed/));
  });
});
