import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type MockServer, startFakeBackend } from '../../test/fake-backend/fake-backend.ts';
import { type RunningCommand, runCommand } from '../../test/harness/command-line.ts';
import { backendYaml, writeConfig } from '../../test/harness/test-gateway.ts';

const patient = { timeout: 25_000 };

interface Rig {
  readonly url: string;
  readonly command: RunningCommand;
  readonly backend: MockServer;
}

async function start(limits: string, reply: object): Promise<Rig> {
  const backend = await startFakeBackend([reply]);
  const yaml = backendYaml(`${backend.url}/v1`, `auth_type: none\n${limits}`);
  const cwd = await writeConfig({ 'config/backends/a/backend.yaml': yaml });
  const command = runCommand(['start', '--port', '0', '--workers', '3'], { cwd });
  const [, url = ''] = await command.waitFor(/listening on (http:\S+)/);
  return { url, command, backend };
}

/** Over a connection of its own, so that calls spread over all workers. */
function chat({ url }: Rig, signal?: AbortSignal): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ model: 'a:m', messages: [{ role: 'user', content: 'hello' }] }),
    signal: signal ?? null,
  });
}

/**
 * The text of an answer, or nothing where none came in five seconds. A connection that the primary hands to a worker in
 * the moment in which that is killed is lost with it, so that a call that broke is made again, as a client would.
 */
async function textOnceServed(rig: Rig): Promise<string> {
  const signal = AbortSignal.timeout(5000);
  while (!signal.aborted) {
    const answer = await chat(rig, signal).catch(() => undefined);
    const text = await answer?.text().catch(() => undefined);
    if (text !== undefined && answer?.status === 200) return text;
    await setTimeout(50);
  }
  return '';
}

describe('headrace start --workers', () => {
  it('shares the places of a backend and the queue before them', async () => {
    const rig = await start('max_concurrent: 2\nqueue: {size: 6, timeout: 60}', { delay_ms: 400 });
    const answers = await Promise.all(
      Array.from({ length: 24 }, async () => {
        const answer = await chat(rig);
        return { status: answer.status, retryAfter: answer.headers.get('retry-after'), text: await answer.text() };
      }),
    );
    const refused = answers.filter(({ status }) => status === 503);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(8);
    expect(refused).toHaveLength(16);
    for (const { text, retryAfter } of refused) {
      expect(JSON.parse(text).error).toMatchObject({ code: 'overloaded' });
      expect(text).toContain('max_concurrent 2, 6 waiting of queue.size 6');
      expect(Number(retryAfter)).toBeGreaterThanOrEqual(1);
    }
    expect(rig.backend.posts()).toHaveLength(8);
  });

  it('frees the places of a client that leaves, and of a worker that dies', async () => {
    const rig = await start('max_concurrent: 1\nqueue: {size: 3, timeout: 60}', { delay_ms: 60_000 });
    const leaving = new AbortController();
    chat(rig, leaving.signal).catch(() => undefined);
    await expect.poll(() => rig.backend.posts().length, patient).toBe(1);
    chat(rig).catch(() => undefined);
    leaving.abort();
    await expect.poll(() => rig.backend.posts().length, patient).toBe(2);
    rig.backend.use({ replies: [{ content: 'free again' }] });
    const { pid } = rig.command.child;
    const workers = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ').filter(Boolean);
    let answered = '';
    for (const worker of workers) {
      process.kill(Number(worker), 'SIGKILL'); // one of them has the place
      answered = await textOnceServed(rig);
      if (answered !== '') break;
    }
    expect(answered).toContain('free again');
  });
});
