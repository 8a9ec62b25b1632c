import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { startInProcess } from './reload-gateway.ts';
import { row } from './results.ts';

const backends = 10;
/** How many names the models have in turn; the metrics keep each that there ever was. */
const models = 30;
const stages = 5;
const mebibyte = 1024 * 1024;

/**
 * Reloads a gateway many times, which runs in this process so that its heap can be measured exactly. Before each reload
 * one backend's address changes, and after it a request goes to that backend.
 * @returns a Markdown table: what was in use after so many reloads
 */
export async function measureReloadLeak(reloads: number, work: string): Promise<string> {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const upstreams = await Promise.all([startUpstream(), startUpstream()]);
  const folder = join(work, 'leak');
  for (let index = 0; index < backends; index++) writeBackend(folder, index, upstreams[0].port, 'first');
  const gateway = await startInProcess(folder);
  const columns = ['reloads', 'heap MB', 'RSS MB', 'open files and sockets', 'ms a reload'];
  const lines = [row(columns), row(columns.map(() => '--:'))];
  const perStage = Math.ceil(reloads / stages);
  for (let done = 0, taken = Number.NaN; ; done += perStage) {
    const figures = await inUse(collectGarbage);
    lines.push(row([`${done}`, ...figures, Number.isNaN(taken) ? '-' : taken.toFixed(2)]));
    if (done >= reloads) break;
    const from = performance.now();
    for (let i = done; i < done + perStage; i++) {
      writeBackend(folder, i % backends, upstreams[i % 2 === 0 ? 1 : 0].port, `model-${i % models}`);
      const { ok, problems: faults } = await gateway.reload('the benchmark');
      if (!ok) throw new Error(faults.join('\n'));
      await ask(gateway.port, `backend-${i % backends}:model-${i % models}`);
    }
    taken = (performance.now() - from) / perStage;
  }
  await gateway.close();
  for (const { close } of upstreams) close();
  return lines.join('\n');
}

async function inUse(collectGarbage: () => void): Promise<string[]> {
  for (let i = 0; i < 3; i++) {
    await sleep(50);
    collectGarbage();
  }
  const { heapUsed, rss } = process.memoryUsage();
  const handles = readdirSync('/proc/self/fd').length;
  return [(heapUsed / mebibyte).toFixed(1), (rss / mebibyte).toFixed(0), String(handles)];
}

function writeBackend(folder: string, index: number, port: number, model: string): void {
  const own = join(folder, 'backends', `backend-${index}`);
  mkdirSync(own, { recursive: true });
  const head = `backend_type: custom\napi_base_url: http://127.0.0.1:${port}/v1\nauth_type: none\n`;
  writeFileSync(join(own, 'backend.yaml'), `${head}models:\n  ${model}: {}\n`);
}

async function ask(port: number, model: string): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] }),
  });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${answer.status} ${text}`);
}

/** Answers every request with the same short completion. */
async function startUpstream(): Promise<{ readonly port: number; readonly close: () => void }> {
  const message = { role: 'assistant', content: 'Hello.' };
  const choices = [{ index: 0, message, finish_reason: 'stop' }];
  const usage = { prompt_tokens: 8, completion_tokens: 2, total_tokens: 10 };
  const body = JSON.stringify({ id: 'c', object: 'chat.completion', created: 0, model: 'm', choices, usage });
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end(body));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { port: (server.address() as AddressInfo).port, close };
}
