import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { MockReply } from '../../fake-backend/fake-backend.ts';
import { hello, type Rig, startRig, until } from './rig.ts';

/** A client that can be told to leave. */
function call(rig: Rig, fields: object) {
  const client = request(`${rig.gateway.url}/v1/chat/completions`, { method: 'POST' });
  const firstByte = new Promise<void>((resolve) => {
    client.on('response', (response) => response.once('data', () => resolve()).on('error', () => {}));
  });
  client.on('error', () => {}); // that it left is the point
  client.end(JSON.stringify({ ...hello, ...fields }));
  let leftAt = 0;
  const leave = () => {
    leftAt = performance.now();
    client.destroy();
  };
  return { firstByte, leave, leftAt: () => leftAt };
}

async function expectCancelled({ gateway }: Rig, attempts: number) {
  await until(() => gateway.log().some((line) => line.msg === 'request'), 'the call is over');
  expect(gateway.log().at(-1)).toMatchObject({ status: 499, outcome: 'cancelled', attempts });
}

const stages: readonly (readonly [string, MockReply, object])[] = [
  ['waiting for an answer', { hang: true }, {}],
  ['waiting for a stream', { hang: true }, { stream: true }],
  ['waiting for the rest of an answer', { content: 'a b c', cut_after_bytes: 40, hang: true }, {}],
  ['waiting for the first byte of a stream', { first_byte_delay_ms: 20_000 }, { stream: true }],
];

describe('a client that leaves', () => {
  it.each(stages)('while %s aborts the backend’s request', async (_when, reply, fields) => {
    const rig = await startRig({ script: [reply], yaml: 'retry_delay: 0' });
    const client = call(rig, fields);
    const post = await rig.backend.waitForPost(1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    client.leave();
    expect(await post.ended).toBe('aborted');
    expect((post.endedAt ?? 0) - client.leftAt()).toBeLessThan(1000);
    await expectCancelled(rig, 1);
    expect(rig.backend.posts()).toHaveLength(1);
  });

  it.each([
    ['that keeps coming', { content: 'word '.repeat(500), chunk_delay_ms: 20 }],
    ['that has gone silent', { content: 'a b c', hang_after_chunks: 2 }],
  ])('in the middle of a stream %s aborts the backend’s request', async (_how, reply) => {
    const rig = await startRig({ script: [reply] });
    const client = call(rig, { stream: true });
    await client.firstByte;
    const post = await rig.backend.waitForPost(1);
    client.leave();
    expect(await post.ended).toBe('aborted');
    expect((post.endedAt ?? 0) - client.leftAt()).toBeLessThan(1000);
    await expectCancelled(rig, 1);
  });

  it('while a slow answer drips in aborts the backend’s request', async () => {
    const rig = await startRig({ script: [{ content: 'x'.repeat(2000), chunk_bytes: 10, chunk_delay_ms: 50 }] });
    const client = call(rig, {});
    const post = await rig.backend.waitForPost(1);
    await new Promise((resolve) => setTimeout(resolve, 150));
    client.leave();
    expect(await post.ended).toBe('aborted');
    expect((post.endedAt ?? 0) - client.leftAt()).toBeLessThan(1000);
    await expectCancelled(rig, 1);
  });

  it('while a retry is waited for is not tried for again', async () => {
    const rig = await startRig({ script: [{ status: 503, retry_after: '0.6' }, {}], yaml: 'retry_delay: 0.1' });
    const client = call(rig, {});
    const post = await rig.backend.waitForPost(1);
    await post.ended;
    await new Promise((resolve) => setTimeout(resolve, 100));
    client.leave();
    await expectCancelled(rig, 1);
    expect(performance.now() - client.leftAt()).toBeLessThan(450);
    await new Promise((resolve) => setTimeout(resolve, 800));
    expect(rig.backend.posts()).toHaveLength(1);
  });

  it('leaves a gateway behind that goes on serving', async () => {
    const rig = await startRig({ script: [{ hang: true }, { hang: true }, {}] });
    for (const stream of [false, true]) {
      const client = call(rig, { stream });
      await rig.backend.waitForPost(stream ? 2 : 1);
      client.leave();
    }
    expect((await rig.chat()).status).toBe(200);
    await until(() => rig.backend.running === 0, 'the backend has nothing left to do');
  });
});
