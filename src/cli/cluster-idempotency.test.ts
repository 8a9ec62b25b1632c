import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { startFakeBackend } from '../../test/fake-backend/fake-backend.ts';
import { runCommand } from '../../test/harness/command-line.ts';
import { backendYaml, writeConfig } from '../../test/harness/test-gateway.ts';

async function start(reply: object) {
  const backend = await startFakeBackend([reply]);
  const cwd = await writeConfig({ 'config/backends/a/backend.yaml': backendYaml(`${backend.url}/v1`) });
  const command = runCommand(['start', '--port', '0', '--workers', '3'], { cwd, env: { TMPDIR: cwd } });
  const [, url = ''] = await command.waitFor(/listening on (http:\S+)/);
  return {
    url,
    command,
    backend,
    sockets: async () => (await readdir(cwd)).filter((name) => name.startsWith('headrace-workers-')),
  };
}

/** Over a connection of its own, so that calls spread over all workers. */
async function chat(url: string, key: string, more: object = {}) {
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close', 'idempotency-key': key },
    body: JSON.stringify({ model: 'a:m', messages: [{ role: 'user', content: `question ${key}` }], ...more }),
  });
  return { status: answer.status, replayed: answer.headers.get('x-headrace-replayed'), text: await answer.text() };
}

describe('an Idempotency-Key with --workers', () => {
  it('is made once, whichever worker it comes to, while it runs and afterwards', async () => {
    const { url, backend } = await start({ delay_ms: 200 });
    for (const key of ['a', 'b', 'c', 'd']) {
      const answers = await Promise.all(Array.from({ length: 6 }, () => chat(url, key)));
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
      expect(answers.filter(({ replayed }) => replayed === null)).toHaveLength(1);
      expect((await chat(url, key)).text).toBe(answers[0]?.text);
    }
    expect(backend.posts()).toHaveLength(4);
  });

  it('gives streams through the worker where it is at home, byte for byte', async () => {
    const { url, backend } = await start({ content: 'one two three four five', chunk_delay_ms: 20 });
    const first = await chat(url, 'k', { stream: true });
    const others = [
      await chat(url, 'k', { stream: true }),
      await chat(url, 'k', { stream: true }),
      await chat(url, 'k', { stream: true }),
    ];
    expect(first.text).toContain('[DONE]');
    for (const { text } of others) expect(text).toBe(first.text);
    expect(backend.posts()).toHaveLength(1);
  });

  it('is served where it comes in when the worker of its home is gone, and leaves no sockets behind', async () => {
    const { url, command, sockets } = await start({});
    expect(await sockets()).toHaveLength(1);
    const { pid } = command.child;
    const workers = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
    process.kill(Number(workers.split(' ')[0]), 'SIGKILL');
    await sleep(100); // connections that go to a worker in the moment of its end are lost with it
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) expect((await chat(url, key)).status).toBe(200);
    command.child.kill('SIGTERM');
    await expect.poll(sockets).toEqual([]);
  });
});
