import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { expect, it, onTestFinished } from 'vitest';
import { startTestGateway } from '../../harness/test-gateway.ts';
import { customYaml, failure, hello, postTo } from './rig.ts';

/** Listens, and then never accepts a connection. */
const deafServer = `
  const { parentPort } = require('node:worker_threads');
  const server = require('node:net').createServer();
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
  });
`;

/** A port to which no connection can be made, though nothing refuses it: its queue is full. */
async function startDeafServer(): Promise<number> {
  const worker = new Worker(deafServer, { eval: true });
  onTestFinished(async () => {
    await worker.terminate();
  });
  const port = await new Promise<number>((resolve) => worker.once('message', resolve));
  const sockets: Socket[] = [];
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => {}); // it ends with the worker
    const connected = await Promise.race([
      new Promise<boolean>((resolve) => socket.once('connect', () => resolve(true))),
      new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 300)),
    ]);
    if (!connected) return port;
  }
}

async function timeOneCall(url: string, yaml: string) {
  const gateway = await startTestGateway({ files: { 'backends/u/backend.yaml': customYaml(url, yaml) } });
  const start = performance.now();
  const answer = await postTo(`${gateway.url}/v1/chat/completions`, hello);
  return { ...failure(answer), took: performance.now() - start };
}

it('gives up a connection after the timeout, and after ten seconds where the timeout is longer', async () => {
  const url = `http://127.0.0.1:${await startDeafServer()}/v1`;
  const [early, late] = await Promise.all([
    timeOneCall(url, 'timeout: 0.5\nmax_retries: 0'),
    timeOneCall(url, 'timeout: 60\nmax_retries: 0'),
  ]);
  for (const { status, error } of [early, late]) {
    expect([status, error.code]).toEqual([504, 'upstream_timeout']);
    expect(error.message).toContain(url);
  }
  expect(early.took).toBeGreaterThan(450);
  expect(early.took).toBeLessThan(5000);
  expect(late.took).toBeGreaterThan(9500);
  expect(late.took).toBeLessThan(20_000);
});
