import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { startProcess } from '../local-servers/gateway-process.ts';
import { expectAlive, readEnvelope, startRig } from './refusals.ts';

const megabyte = 1024 * 1024;
const hundred = 100 * megabyte;

/** Sends a body of this size and gives what came back, with what was sent until then. */
function upload(url: string, headers: Record<string, string>): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const piece = Buffer.alloc(megabyte, 'a');
    const request = httpRequest(`${url}/v1/chat/completions`, { method: 'POST', headers, agent: false });
    let answered = false;
    request.on('response', (response) => {
      let text = '';
      response.on('data', (bytes: Buffer) => {
        text += bytes;
      });
      response.on('end', () => {
        answered = true;
        resolve({ status: response.statusCode ?? 0, text });
      });
    });
    request.on('error', (error) => (answered ? undefined : reject(error)));
    let sent = 0;
    const more = () => {
      while (sent < hundred) {
        sent += piece.length;
        if (!request.write(piece)) return void request.once('drain', more);
      }
      request.end();
    };
    more();
  });
}

describe('a body of 100 MB', () => {
  test.each([
    ['with content-length', { 'content-length': String(hundred) }],
    ['in chunks', { 'transfer-encoding': 'chunked' }],
    ['that waits for 100 Continue', { 'content-length': String(hundred), expect: '100-continue' }],
  ])('%s: 413 that says size, limit and setting', async (_how, headers) => {
    const rig = await startRig();
    const { status, text } = await upload(rig.gateway.url, headers);
    expect(status).toBe(413);
    const error = readEnvelope(text);
    expect(error.code).toBe('request_too_large');
    expect(error.message).toContain(String(64 * megabyte));
    expect(error.message).toContain('limits.max_request_bytes');
    expect(rig.backend.requests).toEqual([]);
    await expectAlive(rig);
  });

  test('ten at a time cost no more memory than the limit allows', async () => {
    const backend = await startFakeBackend();
    const files = { 'headrace.yaml': 'limits: {max_request_bytes: 1000000}\n' };
    const gateway = await startProcess(['--base-url', backend.url], { files });
    const url = await gateway.listening();
    const memory = async () => {
      const text = await (await fetch(`${url}/metrics`)).text();
      return Number(/^process_resident_memory_bytes (\S+)/m.exec(text)?.[1] ?? Number.NaN);
    };
    const before = await memory();
    const uploads = Array.from({ length: 10 }, (_, i) =>
      upload(url, i % 2 === 0 ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(hundred) }),
    );
    for (const { status } of await Promise.all(uploads)) expect(status).toBe(413);
    const after = await memory();
    if (Number.isFinite(before)) expect(after - before).toBeLessThan(300 * megabyte);
    expect(backend.posts()).toEqual([]);
  });

  test('a body of exactly the limit passes, one byte more does not', async () => {
    const files = { 'headrace.yaml': 'limits: {max_request_bytes: 100}\n' };
    const rig = await startRig({ files });
    const body = (bytes: number) => {
      const start = '{"model":"m","messages":[],"x":"';
      return `${start}${'a'.repeat(bytes - start.length - 2)}"}`;
    };
    expect((await rig.gateway.post('/v1/chat/completions', body(100))).status).toBe(200);
    expect((await rig.gateway.post('/v1/chat/completions', body(101))).status).toBe(413);
    expect(rig.backend.posts()).toHaveLength(1);
  });

  test('a body without end that drips is refused as soon as it is too large', async () => {
    const rig = await startRig({ files: { 'headrace.yaml': 'limits: {max_request_bytes: 1000}\n' } });
    const socket = connect(rig.gateway.gateway.port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    let received = '';
    socket.on('data', (bytes) => {
      received += bytes;
    });
    socket.on('error', () => undefined);
    socket.write('POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n');
    const timer = setInterval(() => socket.writable && socket.write(`64\r\n${'a'.repeat(100)}\r\n`), 5);
    onTestFinished(() => clearInterval(timer));
    await expect.poll(() => received, { timeout: 20_000 }).toContain('request_too_large');
    await expectAlive(rig);
  });
});

describe('many small things', () => {
  test('200,000 fields at the top are read in time', async () => {
    const rig = await startRig();
    const fields = Array.from({ length: 200_000 }, (_, i) => `"f${i}":${i}`).join(',');
    const body = `{"model":"m","messages":[{"role":"user","content":"x"}],${fields}}`;
    const started = performance.now();
    expect((await rig.gateway.post('/v1/chat/completions', body)).status).toBe(200);
    const twice = await rig.gateway.post('/v1/chat/completions', body.replace('"f199999"', '"model"'));
    expect(readEnvelope(await twice.text()).param).toBe('model');
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  test('half-open connections do not hinder others', async () => {
    const rig = await startRig();
    const { port } = rig.gateway.gateway;
    const starts = [
      '',
      'POST /v1/chat/compl',
      'POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\nx-slow: ',
      'POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\ncontent-length: 1000\r\n\r\n{"mod',
      'POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"mo',
    ];
    const sockets = Array.from({ length: 400 }, (_, i) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(starts[i % starts.length] as string));
      socket.on('error', () => undefined);
      return socket;
    });
    onTestFinished(() => sockets.forEach((socket) => void socket.destroy()));
    await Promise.all(
      sockets.map((socket) => socket.connecting && new Promise((done) => socket.once('connect', done))),
    );
    const drip = setInterval(() => {
      for (const [i, socket] of sockets.entries()) if (i % 5 >= 2 && socket.writable) socket.write('a');
    }, 50);
    onTestFinished(() => clearInterval(drip));
    const started = performance.now();
    for (let turn = 0; turn < 20; turn++) await expectAlive(rig);
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(rig.backend.posts()).toHaveLength(20);
  });
});
