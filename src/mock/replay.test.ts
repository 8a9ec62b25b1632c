import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startFakeBackend } from '../../test/fake-backend/fake-backend.ts';
import { postJson, type Received, send } from '../../test/fake-backend/http-client.ts';
import { backendYaml, startTestGateway, writeConfig } from '../../test/harness/test-gateway.ts';
import type { MockReply } from './mock-reply.ts';
import { type MockServer, startMockServer } from './mock-server.ts';
import { loadReplay } from './replay.ts';

const chat = (seed: number, more: object = {}) => ({
  model: 'a:m',
  messages: [{ role: 'user', content: 'wörds to say again' }],
  seed,
  ...more,
});

/** A gateway in front of this backend that captures into a folder. */
async function startCapturing(replies: readonly MockReply[]) {
  const folder = await writeConfig({});
  const backend = await startFakeBackend(replies);
  const files = {
    'backends/a/backend.yaml': backendYaml(backend.baseUrl, 'auth_type: none\nretry_delay: 0.01'),
    'headrace.yaml': `telemetry: {capture: {folder: "${folder}"}}`,
  };
  return { folder, gateway: await startTestGateway({ files }) };
}

async function startReplay(place: string, speed = 0): Promise<MockServer> {
  const server = await startMockServer({ source: await loadReplay(place, speed) });
  onTestFinished(() => server.close());
  return server;
}

async function startInFront(server: MockServer) {
  const files = { 'backends/a/backend.yaml': backendYaml(server.baseUrl, 'auth_type: none\nretry_delay: 0.01') };
  return startTestGateway({ files });
}

/** What a client sees of an answer, but for what differs from call to call. */
function seen({ status, headers, body, complete }: Received) {
  const names = ['content-type', 'x-headrace-attempts', 'x-headrace-model', 'retry-after', 'openai-version'];
  return { status, complete, body: body.toString(), headers: names.map((name) => headers[name]) };
}

async function record(replies: readonly MockReply[], bodies: readonly object[]) {
  const { folder, gateway } = await startCapturing(replies);
  const answers: Received[] = [];
  for (const body of bodies) answers.push(await postJson(`${gateway.url}/v1/chat/completions`, body));
  await gateway.gateway.close();
  return { folder, answers };
}

describe('a replay', () => {
  it('gives a client the same bytes again: chats, streams, errors, retries and breaks', async () => {
    const replies: MockReply[] = [
      { content: 'a chat', headers: { 'openai-version': '2020-10-01' } },
      { content: 'a stream of some words' },
      { status: 400, json: { error: { message: 'no such thing', type: 'invalid_request_error', code: 'x' } } },
      { status: 503, text: 'later' },
      { reset: true },
      { content: 'after two retries' },
      { content: 'a stream that is cut off', cut_after_chunks: 3 },
      { gzip: true, content: 'compressed' },
      { close_delimited: true, content: 'ends with its connection' },
    ];
    const streamed = { stream: true };
    const bodies = [
      chat(1),
      chat(2, { ...streamed, stream_options: { include_usage: true } }),
      chat(3),
      chat(4),
      chat(5, streamed),
      chat(6),
      chat(7),
    ];
    const { folder, answers } = await record(replies, bodies);
    const gateway = await startInFront(await startReplay(folder));
    for (const [index, body] of bodies.entries()) {
      const again = await postJson(`${gateway.url}/v1/chat/completions`, body);
      expect(seen(again)).toEqual(seen(answers[index] as Received));
    }
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 400, 200, 200, 200, 200]);
    expect(answers[3]?.headers['x-headrace-attempts']).toBe('3');
    expect(answers[4]?.text).toContain('data: {"error"');
  });

  it('keeps the pieces of a stream, and their times where that is asked for', async () => {
    const pieces = ['one', 'two', 'three'].map((word) => `data: {"choices":[{"delta":{"content":"${word}"}}]}\n\n`);
    const reply = { chunks: [...pieces, 'data: [DONE]\n\n'], chunk_delay_ms: 120 };
    const { folder } = await record([reply], [chat(1, { stream: true })]);
    const inOrder = await startReplay(folder, 1);
    const sent = { ...chat(1, { stream: true }), model: 'm' };
    const slow = await postJson(`${inOrder.baseUrl}/chat/completions`, sent);
    expect(slow.pieces.map(({ bytes }) => bytes.toString())).toEqual(reply.chunks);
    const times = slow.pieces.map(({ at }) => at);
    expect((times.at(-1) as number) - (times[0] as number)).toBeGreaterThan(300);
    const twice = await startReplay(folder, 4);
    const quick = await postJson(`${twice.baseUrl}/chat/completions`, sent);
    const taken = (quick.pieces.at(-1)?.at as number) - (quick.pieces[0]?.at as number);
    expect(taken).toBeGreaterThan(70);
    expect(taken).toBeLessThan((times.at(-1) as number) - (times[0] as number));
    expect(quick.text).toBe(slow.text);
  });

  it('knows bodies by their bytes and gives answers by theirs, also where they are captured as JSON', async () => {
    const answers = ['{"choices":[{"message":{"content":"1"}}],"n":1.0}', '{"choices":[{"message":{"content":"2"}}]}'];
    const replies = answers.map((text) => ({ text, headers: { 'content-type': 'application/json' } }));
    const { folder, gateway } = await startCapturing(replies);
    const bodies = ['0.50', '0.5'].map(
      (value) => `{"model":"a:m","messages":[{"role":"user","content":"é"}],"top_p":${value}}`,
    );
    for (const body of bodies) await send(`${gateway.url}/v1/chat/completions`, { method: 'POST', body });
    await gateway.gateway.close();
    const inFront = await startInFront(await startReplay(folder));
    for (const [index, body] of [...bodies.entries()].toReversed()) {
      const { body: got } = await send(`${inFront.url}/v1/chat/completions`, { method: 'POST', body });
      expect(got.toString()).toBe(answers[index]);
    }
  });

  it('takes the same body first, then what is left of the model, else says what there is', async () => {
    const replies = [{ content: 'first' }, { content: 'second' }, { content: 'third' }];
    const { folder } = await record(replies, [chat(1), chat(2), chat(3)]);
    const { baseUrl } = await startReplay(folder);
    const ask = async (body: object) => (await postJson(`${baseUrl}/chat/completions`, body)).text;
    const sent = (seed: number) => ({ ...chat(seed), model: 'm' });
    expect(await ask(sent(2))).toContain('"content":"second"');
    expect(await ask(sent(2))).toContain('"content":"second"');
    expect(await ask(sent(77))).toContain('"content":"first"');
    expect(await ask(sent(78))).toContain('"content":"third"');
    const none = await postJson(`${baseUrl}/chat/completions`, sent(79));
    expect(none.status).toBe(404);
    expect(none.text).toContain('the replay has no answer for POST /v1/chat/completions with the model \\"m\\"; 0 of');
    expect((await postJson(`${baseUrl}/chat/completions`, { ...sent(1), model: 'other' })).status).toBe(404);
    const models = await send(`${baseUrl}/models`);
    expect(JSON.parse(models.text)).toMatchObject({ data: [{ id: 'm' }] });
  });

  it('says what is wrong with a file', async () => {
    const { folder } = await record([{}], [chat(1)]);
    const [name = ''] = await readdir(folder);
    await writeFile(join(folder, name), '{"v":1}\n');
    await expect(loadReplay(join(folder, name), 0)).rejects.toThrow(`${name}:1:1: request: is no line of a capture`);
    await writeFile(join(folder, name), '{"v":1');
    await expect(loadReplay(folder, 0)).rejects.toThrow(`${name}:1:1: is no JSON`);
    await writeFile(join(folder, name), '');
    await expect(loadReplay(folder, 0)).rejects.toThrow('holds no answer of a backend');
    await expect(loadReplay(join(folder, 'nowhere'), 0)).rejects.toThrow('cannot be read');
  });
});
