import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type MockReply, startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { type RunningCommand, runCommand } from '../../harness/command-line.ts';
import { writeConfig } from '../../harness/test-gateway.ts';
import { chat, chatPath } from '../local-servers/chat.ts';
import { declaring, patient, refusesConnections } from './rig.ts';

async function start(reply: MockReply, settings = '') {
  const backend = await startFakeBackend([reply]);
  const cwd = await writeConfig({
    'config/headrace.yaml': settings,
    'config/backends/b/backend.yaml': declaring(backend.baseUrl, 'm'),
  });
  const command = runCommand(['start', '--port', '0'], { cwd });
  const [, url = ''] = await command.waitFor(/listening on (http:\S+)/);
  return { backend, command, url, folder: join(cwd, 'config') };
}

/** A connection with a stream that runs; what comes on it. */
async function openStream(url: string): Promise<{ socket: Socket; text: () => string; closed: Promise<unknown> }> {
  const { port } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  socket.on('error', () => {}); // its end says it
  const closed = once(socket, 'close');
  await once(socket, 'connect');
  const body = JSON.stringify(chat({ model: 'm', stream: true }));
  socket.write(
    `POST ${chatPath} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  await expect.poll(() => text, patient).toContain('data: ');
  return { socket, text: () => text, closed };
}

async function secondsToEnd(command: RunningCommand): Promise<number> {
  const from = performance.now();
  await command.exit;
  return (performance.now() - from) / 1000;
}

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  test('takes nothing new, readiness on an open connection is 503, the stream ends whole, exit code 0', async () => {
    const { command, url } = await start({ content: 'one two three four five six', chunk_delay_ms: 200 });
    const { socket, text, closed } = await openStream(url);
    command.child.kill(signal);
    await refusesConnections(url);
    expect(text()).not.toContain('six');
    socket.write('GET /health/ready HTTP/1.1\r\nhost: x\r\n\r\n');
    await closed;
    expect(text()).toMatch(/six[\s\S]*data: \[DONE\]/);
    expect(text()).toMatch(/HTTP\/1\.1 503 [\s\S]*"draining"/);
    expect((await command.exit).code).toBe(0);
    expect(command.stderr()).toContain('"outcome":"complete"');
  });

  test('a second one ends at once', async () => {
    const { command, url } = await start({ hang_after_chunks: 1 });
    const { closed } = await openStream(url);
    command.child.kill(signal);
    await refusesConnections(url);
    expect(command.child.exitCode).toBeNull();
    command.child.kill(signal);
    expect(await secondsToEnd(command)).toBeLessThan(10);
    expect((await command.exit).code).toBe(1);
    await closed;
  });
});

test('what runs longer than shutdown_timeout is cut', async () => {
  const { command, url, backend } = await start({ hang_after_chunks: 1 }, 'shutdown_timeout: 1\n');
  const { closed, text } = await openStream(url);
  command.child.kill('SIGTERM');
  expect(await secondsToEnd(command)).toBeLessThan(15);
  expect((await command.exit).code).toBe(0);
  await closed;
  expect(text()).not.toContain('[DONE]');
  await expect.poll(() => backend.posts()[0]?.aborted, patient).toBe(true);
});

test('shutdown_timeout is that of the last reload', async () => {
  const { command, url, folder } = await start({ hang_after_chunks: 1 }, 'shutdown_timeout: 3600\n');
  const { closed } = await openStream(url);
  await writeFile(join(folder, 'headrace.yaml'), 'shutdown_timeout: 0.5\n');
  expect((await fetch(`${url}/admin/reload`, { method: 'POST' })).status).toBe(200);
  command.child.kill('SIGTERM');
  expect((await command.exit).code).toBe(0);
  await closed;
});

test('SIGHUP reads the files anew and ends nothing', async () => {
  const { command, url, folder, backend } = await start({});
  await writeFile(join(folder, 'backends/b/backend.yaml'), declaring(backend.baseUrl, 'm', 'new'));
  command.child.kill('SIGHUP');
  const found = async () => (await fetch(`${url}/v1/models/b:new`)).status;
  await expect.poll(found, patient).toBe(200);
  await expect.poll(() => command.stderr(), patient).toContain('"why":"SIGHUP"');
});
