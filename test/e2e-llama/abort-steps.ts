import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ChatAnswer, chat, endlessChat, json } from './chat.ts';
import type { Headrace } from './headrace.ts';
import { waitUntil } from './loopback.ts';
import type { Rig } from './rig.ts';
import type { LlamaServer } from './server.ts';

const limit = 20_000;

/**
 * llama-server looks once in a second of quiet whether the client of an unstreamed request is still there, and every
 * answer of `/slots` starts that second anew: so it must be asked less often.
 */
const interval = 1_500;

async function busy(server: LlamaServer, count: number): Promise<void> {
  await waitUntil(
    `busy slots of the server: ${count}`,
    limit,
    async () => (await server.busySlots()) === count,
    interval,
  );
}

/** A slot that is busy now and half a second later is not one that was just about to end. */
async function staysBusy(server: LlamaServer): Promise<void> {
  await busy(server, 1);
  await sleep(500);
  assert.equal(await server.busySlots(), 1, 'the answer ended by itself');
}

async function streamed(headrace: Headrace, server: LlamaServer): Promise<void> {
  const controller = new AbortController();
  const response = await headrace.request('/v1/chat/completions', endlessChat({ stream: true }), controller.signal);
  assert.equal(response.status, 200);
  const reader = response.body?.getReader();
  const first = await reader?.read();
  assert.match(new TextDecoder().decode(first?.value), /^data: /, 'nothing comes while the answer is being made');
  // Nothing more is read, so the gateway's buffers are full when the client leaves.
  await staysBusy(server);
  controller.abort();
  await busy(server, 0);
}

async function whole(headrace: Headrace, server: LlamaServer): Promise<void> {
  const controller = new AbortController();
  const end = headrace.request('/v1/chat/completions', endlessChat(), controller.signal).then(
    (response) => `answered with ${response.status}`,
    (error: unknown) => (error as Error).name,
  );
  await staysBusy(server);
  controller.abort();
  assert.equal(await end, 'AbortError');
  await busy(server, 0);
}

/** A client that leaves frees the server's slot; proven by the server's own list of slots. */
export async function abortSteps(rig: Rig): Promise<void> {
  await rig.group('a client that leaves an answer that would never end', async () => {
    const server = await rig.server({ flags: ['--parallel', '1', '--ctx-size', '512', '--context-shift'] });
    const headrace = await rig.headrace({ baseUrl: server.url });
    await rig.report.step("a stream's abort frees the server's slot", () => streamed(headrace, server));
    await rig.report.step("an abort before any byte frees the server's slot", () => whole(headrace, server));
    await rig.report.step('the one slot serves the next request', async () => {
      await json<ChatAnswer>(await headrace.request('/v1/chat/completions', chat()));
    });
  });
}
