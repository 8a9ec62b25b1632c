import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { runCommand } from '../../harness/command-line.ts';
import { writeConfig } from '../../harness/test-gateway.ts';
import { chat, chatPath } from '../local-servers/chat.ts';
import { declaring } from './rig.ts';

interface Asked {
  /** What came: the status and whether the connection ends; or the code of the error. */
  readonly seen: string;
  /** Whether the connection was there already. */
  readonly isReused: boolean;
}

function ask(url: string, agent: Agent): Promise<Asked> {
  return new Promise((resolve) => {
    const body = JSON.stringify(chat({ model: 'm' }));
    const headers = { 'content-type': 'application/json', 'content-length': body.length };
    const asked = request(url + chatPath, { method: 'POST', agent, headers }, (answer) => {
      const seen = `${answer.statusCode} ${answer.headers.connection}`;
      answer.resume().on('end', () => resolve({ seen, isReused: asked.reusedSocket }));
    });
    asked.on('error', (error: NodeJS.ErrnoException) => {
      resolve({ seen: String(error.code), isReused: asked.reusedSocket });
    });
    asked.end(body);
  });
}

/** A client with one connection, that pauses for a moment between its requests, until the gateway is gone. */
async function askOn(url: string, pauseMs: number): Promise<Asked[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const all: Asked[] = [];
  while (all.at(-1)?.seen !== 'ECONNREFUSED' && all.length < 10_000) {
    all.push(await ask(url, agent));
    await sleep(pauseMs);
  }
  agent.destroy();
  return all;
}

test.each([
  ['one process', []],
  ['two workers', ['--workers', '2']],
])('%s: no request is lost on a connection that is kept, and the last answer says that it ends', async (_, more) => {
  const backend = await startFakeBackend([{}]);
  const cwd = await writeConfig({ 'config/backends/b/backend.yaml': declaring(backend.baseUrl, 'm') });
  const command = runCommand(['start', '--port', '0', ...more], { cwd });
  const [, url = ''] = await command.waitFor(/listening on (http:\S+)/);
  const clients = Array.from({ length: 30 }, (_, index) => askOn(url, 5 + index));
  await sleep(500);
  command.child.kill('SIGTERM');
  const answers = await Promise.all(clients);
  expect((await command.exit).code).toBe(0);
  for (const asked of answers) {
    const onKept = asked.filter(({ isReused }) => isReused).map(({ seen }) => seen);
    expect(onKept.length).toBeGreaterThan(1);
    expect(onKept.filter((seen) => !seen.startsWith('200 '))).toEqual([]);
    expect(onKept.at(-1)).toBe('200 close');
  }
});
