import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { runCommand } from '../../harness/command-line.ts';
import { writeConfig } from '../../harness/test-gateway.ts';
import { chat, chatPath } from '../local-servers/chat.ts';
import { declaring, patient } from './rig.ts';

interface Asked {
  /** What came: the status and whether the connection ends; or the code of the error. */
  readonly seen: string;
  /** Whether the connection was there already. */
  readonly isReused: boolean;
  /** How long nothing had been asked. */
  readonly pauseMs: number;
}

/** Half of the time for which a connection is kept at the end; a busy machine may let a client be slower than that. */
const soonMs = 500;

function ask(url: string, agent: Agent, pauseMs: number): Promise<Asked> {
  return new Promise((resolve) => {
    const body = JSON.stringify(chat({ model: 'm' }));
    const headers = { 'content-type': 'application/json', 'content-length': body.length };
    const asked = request(url + chatPath, { method: 'POST', agent, headers }, (answer) => {
      const seen = `${answer.statusCode} ${answer.headers.connection}`;
      answer.resume().on('end', () => resolve({ seen, isReused: asked.reusedSocket, pauseMs }));
    });
    asked.on('error', (error: NodeJS.ErrnoException) => {
      resolve({ seen: String(error.code), isReused: asked.reusedSocket, pauseMs });
    });
    asked.end(body);
  });
}

/** A client with one connection, that pauses for a moment between its requests, until the gateway is gone. */
async function askOn(url: string, pauseMs: number, all: Asked[]): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let answeredAt = performance.now();
  while (all.at(-1)?.seen !== 'ECONNREFUSED') {
    all.push(await ask(url, agent, performance.now() - answeredAt));
    answeredAt = performance.now();
    await sleep(pauseMs);
  }
  agent.destroy();
}

test.each([
  ['one process', []],
  ['two workers', ['--workers', '2']],
])('%s: no request is lost on a connection that is kept, and the last answer says that it ends', async (_, more) => {
  const backend = await startFakeBackend([{}]);
  const cwd = await writeConfig({ 'config/backends/b/backend.yaml': declaring(backend.baseUrl, 'm') });
  const command = runCommand(['start', '--port', '0', ...more], { cwd });
  const [, url = ''] = await command.waitFor(/listening on (http:\S+)/);
  const clients = Array.from({ length: 30 }, (): Asked[] => []);
  const asking = clients.map((all, index) => askOn(url, 5 + index, all));
  await expect.poll(() => Math.min(...clients.map((all) => all.length)), patient).toBeGreaterThan(3);
  command.child.kill('SIGTERM');
  await Promise.all(asking);
  expect((await command.exit).code).toBe(0);
  for (const all of clients) {
    const kept = all.filter(({ isReused }) => isReused);
    const soon = kept.filter(({ pauseMs }) => pauseMs < soonMs).map(({ seen }) => seen);
    expect(soon.filter((seen) => !seen.startsWith('200 '))).toEqual([]);
    if (soon.length === kept.length) expect(soon.at(-1)).toBe('200 close');
  }
});
