import { readFileSync, rmSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { startFakeBackend } from '../../test/fake-backend/fake-backend.ts';
import {
  captureEnv,
  captureFiles,
  captureTexts,
  chatBody,
  postAsAlice,
  readCapture,
  startCaptureRig,
} from '../../test/harness/capture-rig.ts';
import { backendYaml, startTestGateway, writeConfig } from '../../test/harness/test-gateway.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { openLog } from './log.ts';
import { Telemetry } from './telemetry.ts';

describe('capture', () => {
  it('writes the four legs of an exchange, with the same bytes and without keys', async () => {
    const rig = await startCaptureRig([{ content: 'wörld', headers: { 'x-of-backend': 'yes' } }]);
    const sent = JSON.stringify(chatBody({ seed: 5 }));
    const got = await postAsAlice(rig, sent);
    const [line] = await rig.lines(1);
    expect(line).toMatchObject({ v: 3, caller: 'alice', protocol: 'chat-completions', outcome: 'complete' });
    expect(line.request).toMatchObject({ method: 'POST', path: '/v1/chat/completions', json: JSON.parse(sent) });
    const [written] = captureTexts(rig.folder);
    expect(written).toContain(`"json":${sent}},"attempts"`);
    expect(written).toContain(`"json":${got},"chunks"`);
    expect(line.request.headers).toMatchObject({ authorization: '[secret]', 'content-type': 'application/json' });
    const [attempt] = line.attempts;
    expect(attempt).toMatchObject({ backend: 'a', model: 'm', end: 'whole' });
    expect(attempt.request.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v1\/chat\/completions$/);
    expect(attempt.request.headers).toMatchObject({ authorization: '[secret]', 'content-type': 'application/json' });
    const changed = { at: sent.indexOf('a:m'), was: 'a:', is: '' };
    expect(attempt.request).toMatchObject({ body_as: 'request', changed });
    expect(attempt.answer).toMatchObject({ status: 200, json: JSON.parse(got) });
    expect(attempt.answer.headers['x-of-backend']).toBe('yes');
    expect(line.answer).toMatchObject({ status: 200, body_as: 'answer' });
    expect(line.answer.headers['x-headrace-attempts']).toBe('1');
  });

  it('writes every try and the pieces of a stream', async () => {
    const rig = await startCaptureRig([{ status: 503 }, { content: 'one two three', chunk_delay_ms: 30 }]);
    const got = await postAsAlice(rig, chatBody({ stream: true }));
    const [line] = await rig.lines(1);
    const [first, second] = line.attempts;
    expect(first.answer.status).toBe(503);
    expect(second.request.json.stream_options).toEqual({ include_usage: true });
    const { body, chunks } = second.answer;
    expect(chunks.length).toBeGreaterThan(2);
    expect(chunks.reduce((sum: number, [, size]: [number, number]) => sum + size, 0)).toBe(Buffer.byteLength(body));
    const times = chunks.map(([time]: [number, number]) => time);
    expect(times).toEqual(times.toSorted((one: number, other: number) => one - other));
    expect(times.at(-1) - times[0]).toBeGreaterThan(29);
    expect(line.answer.body ?? body).toBe(got); // the usage that the client did not want is in the backend's only
    expect(body).toContain('"usage":{');
    expect(second.end).toBe('whole');
  });

  it('writes a body as JSON only where that is known, and where it stands in one line', async () => {
    const odd =
      '{"model":"a:m","messages":[{"role":"user","content":"\\u2028 \u2028"}],"top_p":0.50,"metadata":{"a":"1","a":"2"}}';
    const answer = '{"id":"1","choices":[{"message":{"content":"hi"},"index":12345678901234567890}],"a":1,"a":2}';
    const indented = JSON.stringify(chatBody(), undefined, 1);
    const json = { headers: { 'content-type': 'application/json' } };
    const rig = await startCaptureRig([
      { text: answer, ...json },
      { content: 'zipped', gzip: true },
      { text: '{"choices":[', ...json },
      { text: '{"choices":[]}', status: 400, ...json },
    ]);
    for (const body of [odd, indented, JSON.stringify(chatBody()), odd.replace('u2028', 'n'), '{"model":', '{}']) {
      await postAsAlice(rig, body);
    }
    await rig.lines(6);
    const [first, second, third, fourth, broken, refused] = captureTexts(rig.folder);
    expect(first).toContain(`"json":${odd}}`);
    expect(first).toContain(`"json":${answer},`);
    expect(second).toContain(`"body":${JSON.stringify(indented)}`);
    expect(second).not.toContain('"json":');
    expect(third).toContain(`"body":${JSON.stringify('{"choices":[')}`);
    expect(fourth).toContain(`"body":${JSON.stringify('{"choices":[]}')}`);
    expect(broken).toContain(`"body":${JSON.stringify('{"model":')}`);
    expect(refused).toContain('"body":"{}"');
  });

  it('writes what went wrong: a refusal, a cut, an answer that nobody could have', async () => {
    const rig = await startCaptureRig([{ content: 'a b c d', cut_after_chunks: 2 }, { reset: true }], {
      backend: 'max_retries: 0',
    });
    await postAsAlice(rig, '{"model": "a:m"');
    await postAsAlice(rig, chatBody({ stream: true }));
    await postAsAlice(rig, chatBody());
    const [refused, broken, reset] = await rig.lines(3);
    expect(refused).toMatchObject({ outcome: 'refused', code: 'invalid_json', attempts: [], answer: { status: 400 } });
    expect(broken).toMatchObject({ outcome: 'broken', attempts: [{ end: 'cut' }] });
    expect(broken.answer.body).toContain('data: {"error"');
    expect(reset).toMatchObject({ outcome: 'failed', attempts: [{ end: 'cut' }], answer: { status: 502 } });
    expect(reset.attempts[0].answer).toBeUndefined();
  });

  it('masks keys wherever they appear, and keeps the sizes of the pieces right', async () => {
    const secrets = Object.values(captureEnv);
    const text = `of the backend ${captureEnv.BACKEND_KEY}, of another user ${captureEnv.BOB_KEY}`;
    const half = Buffer.from(`data: {"choices":[{"delta":{"content":"é ${text}"}}]}\n\ndata: [DONE]\n\n`);
    const at = half.indexOf('backend-4711') + 3;
    const bytes = [half.subarray(0, at), half.subarray(at)].map((part) => ({ base64: part.toString('base64') }));
    const rig = await startCaptureRig([
      { chunks: bytes, chunk_delay_ms: 40, headers: { 'x-echo': captureEnv.BACKEND_KEY } },
      { json: { choices: [], note: text } },
    ]);
    expect(await postAsAlice(rig, chatBody({ stream: true, user: captureEnv.ALICE_KEY }))).toContain(
      captureEnv.BOB_KEY,
    );
    await postAsAlice(rig, chatBody({ user: encodeURIComponent(captureEnv.BOB_KEY) }));
    const [stream] = await rig.lines(2);
    for (const file of captureFiles(rig.folder)) {
      const written = readFileSync(join(rig.folder, file), 'utf8');
      for (const secret of secrets) expect(written).not.toContain(secret);
    }
    const { body, chunks } = stream.attempts[0].answer;
    expect(body).toBe(
      half.toString().replace(captureEnv.BACKEND_KEY, '[secret]').replace(captureEnv.BOB_KEY, '[secret]'),
    );
    const sizes = chunks.map(([, size]: [number, number]) => size);
    expect(sizes.reduce((sum: number, size: number) => sum + size, 0)).toBe(Buffer.byteLength(body));
    const start = Buffer.from(body).subarray(0, sizes[0]).toString();
    expect(start.endsWith('of the backend [secret]')).toBe(true);
    expect(stream.attempts[0].answer.headers['x-echo']).toBe('[secret]');
  });

  it('masks headers of the configuration, and a key that the gateway has never heard of', async () => {
    const rig = await startCaptureRig([{}], { backend: 'headers: {X-Tenant: "tenant-of-ours"}' });
    const unknown = 'sk-what-a-client-sends-to-anybody';
    await rig.gateway.post('/v1/chat/completions', chatBody({ user: 'tenant-of-ours', note: unknown }), {
      authorization: `Bearer ${captureEnv.ALICE_KEY}`,
      'x-api-key': unknown,
    });
    const [line] = await rig.lines(1);
    expect(line.attempts[0].request.headers['x-tenant']).toBe('[secret]');
    expect(line.request.headers['x-api-key']).toBe('[secret]');
    expect(line.request.body).toContain('"user":"[secret]","note":"[secret]"');
  });

  it('writes bytes that are no text in base64, and withholds compressed ones that hide a key', async () => {
    const broken = Buffer.from([0x7b, 0xff, 0xfe, 0x7d]);
    const zipped = (text: string) => ({
      bytes: gzipSync(JSON.stringify({ choices: [], text })),
      headers: { 'content-encoding': 'gzip', 'content-type': 'application/json' },
    });
    const rig = await startCaptureRig([{ bytes: broken }, zipped('harmless'), zipped(captureEnv.BACKEND_KEY)]);
    for (let i = 0; i < 3; i++) await postAsAlice(rig, chatBody());
    const lines = await rig.lines(3);
    const [first, second, third] = lines.map((line) => line.attempts[0].answer);
    expect(first).toMatchObject({ base64: broken.toString('base64') });
    expect(second.base64).toBeDefined();
    expect(third).toMatchObject({ withheld: true });
    expect(third.base64).toBeUndefined();
  });

  it('begins new files by size, keeps so many, and only for the owner', async () => {
    const rig = await startCaptureRig([{}], { capture: ', max_bytes: 4096, max_files: 3' });
    for (let i = 0; i < 20; i++) await postAsAlice(rig, chatBody({ seed: i }));
    await rig.gateway.gateway.close();
    const names = captureFiles(rig.folder);
    expect(names).toHaveLength(3);
    for (const name of names) {
      const { size, mode } = statSync(join(rig.folder, name));
      expect(size).toBeLessThanOrEqual(4096);
      expect(mode & 0o777).toBe(0o600);
    }
    expect(readCapture(rig.folder).at(-1).request.json.seed).toBe(19);
  });

  it('loses no request where nothing can be written, says so once, and goes on when it can', async () => {
    const rig = await startCaptureRig([{}]);
    await postAsAlice(rig, chatBody());
    await rig.lines(1);
    rmSync(rig.folder, { recursive: true });
    await new Promise((resolve) => setTimeout(resolve, 1100)); // so often it is looked whether the file is there
    expect(await postAsAlice(rig, chatBody({ seed: 2 }))).toContain('hello there');
    const [line] = await rig.lines(1); // the folder is made anew
    expect(line.request.json.seed).toBe(2);
  });

  it('says once that it cannot write, while every request is answered', async () => {
    const blocker = await writeConfig({ file: 'a file where a folder should be' });
    const files = {
      'backends/a/backend.yaml': backendYaml((await startFakeBackend([{}])).baseUrl),
      'headrace.yaml': `telemetry: {capture: {folder: "${blocker}/file/inside"}}`,
    };
    const gateway = await startTestGateway({ files });
    for (let i = 0; i < 3; i++) {
      expect((await gateway.post('/v1/chat/completions', chatBody())).status).toBe(200);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    const said = () => gateway.log().filter((line) => line.msg === 'exchanges cannot be captured');
    await expect.poll(said, { timeout: 20_000 }).toHaveLength(1);
  });

  it('is switched on, moved and switched off by a reload, and captures nothing where it is off', async () => {
    const backend = await startFakeBackend([{}]);
    const gateway = await startTestGateway({ files: { 'backends/a/backend.yaml': backendYaml(backend.baseUrl) } });
    const ask = async (seed: number) => {
      await (await gateway.post('/v1/chat/completions', chatBody({ seed }))).text();
    };
    const use = async (text: string) => {
      await writeFile(join(gateway.folder, 'headrace.yaml'), text);
      expect(await gateway.gateway.reload('the test')).toMatchObject({ ok: true });
    };
    await ask(1);
    await use('telemetry: {capture: {folder: one}}');
    await ask(2);
    await use('telemetry: {capture: {folder: two}}');
    await ask(3);
    await use('');
    await ask(4);
    await gateway.gateway.close();
    const seeds = (folder: string) => readCapture(join(gateway.folder, folder)).map((line) => line.request.json.seed);
    expect([seeds('one'), seeds('two')]).toEqual([[2], [3]]);
  });

  it('writes no file and costs no watch where it is off', async () => {
    const telemetry = await Telemetry.open({ config: () => config, env: {}, log: openLog('silent') });
    const { config } = (await loadConfig({ flags: {}, env: {}, cwd: await writeConfig({}) })) as { config: Config };
    const request = { id: 'x', method: 'POST', path: '/', body: Buffer.alloc(0), receivedAt: 0 };
    expect(telemetry.watch({ ...request, headers: () => ({}), header: () => undefined })).toBeUndefined();
    await telemetry.close();
  });
});
