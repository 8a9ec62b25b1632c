import { describe, expect, test } from 'vitest';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { backendYaml, startTestGateway } from '../../harness/test-gateway.ts';
import { exchangeRaw, expectAlive, rawChat, readAnswers, readEnvelope, startRig } from './refusals.ts';

const odd = [
  'a\r\nset-cookie: x=1',
  'a\nb',
  'a\0b',
  '\u007f',
  'ü',
  '模型',
  '\u{1F600}',
  '\ud800',
  '\u2028',
  ' ',
  '../..',
  '__proto__',
  'a"b\\c',
  '$\u007bx}',
  '{{7*7}}',
];

function chatOf(model: string, stream = false): string {
  return JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'x' }] });
}

describe('names of models', () => {
  test.each(odd)('%j passes to the backend, and the headers of the answer stay legal', async (model) => {
    const rig = await startRig();
    const raw = rawChat(chatOf(model), ['connection: close']);
    const [answer] = readAnswers(await exchangeRaw(rig.gateway.gateway.port, raw)); // checks each header line
    expect(answer?.status).toBe(200);
    expect([...(answer?.headers.keys() ?? [])]).not.toContain('set-cookie');
    expect(answer?.headers.get('x-headrace-model')).toMatch(/^[\x20-\x7e]*$/);
    expect(rig.backend.posts()[0]?.model).toBe(model);
    const metrics = await (await rig.gateway.get('/metrics')).text();
    for (const line of metrics.split('\n')) expect(line).toMatch(/^(#.*|[a-z_]+(\{[^\n]*\})? \S+|)$/);
    await expectAlive(rig);
  });

  test.each(odd)('%j is refused in the envelope where nobody serves it', async (model) => {
    const backend = await startFakeBackend();
    const files = { 'backends/a/backend.yaml': backendYaml(backend.baseUrl) };
    const gateway = await startTestGateway({ files });
    const answer = await gateway.post('/v1/chat/completions', chatOf(model));
    expect(answer.status).toBe(404);
    expect(readEnvelope(await answer.text()).code).toMatch(/model_not_found|unknown_backend/);
    expect(backend.requests).toEqual([]);
  });

  test.each([1_000, 20_000, 1_000_000])(
    'one of %i characters: small headers, log lines, metrics and errors',
    async (length) => {
      const rig = await startRig();
      const model = 'm'.repeat(length);
      for (const stream of [false, true]) {
        const raw = rawChat(chatOf(model, stream), ['connection: close']);
        const received = await exchangeRaw(rig.gateway.gateway.port, raw, 10_000);
        expect(received).toMatch(/^HTTP\/1\.1 200 /);
        expect(received.indexOf('\r\n\r\n')).toBeLessThan(4000);
      }
      rig.backend.use({ replies: [{ status: 400 }] });
      const refused = await rig.gateway.post('/v1/chat/completions', chatOf(model));
      expect(readEnvelope(await refused.text()).message.length).toBeLessThan(2000);
      expect(rig.backend.posts().map((request) => request.model?.length)).toEqual([length, length, length]);
      for (const line of rig.gateway.log()) expect(JSON.stringify(line).length).toBeLessThan(4000);
      expect((await (await rig.gateway.get('/metrics')).text()).length).toBeLessThan(100_000);
    },
  );

  test('a long name of a backend that declares others: the warning and the errors stay small', async () => {
    const backend = await startFakeBackend();
    const yaml = backendYaml(backend.baseUrl, 'auth_type: none\nmodels:\n  declared: {}');
    const gateway = await startTestGateway({
      files: { 'backends/a/backend.yaml': yaml },
      flags: { defaultBackend: 'a', forceContextWindow: '10' },
    });
    const model = 'm'.repeat(100_000);
    expect((await gateway.post('/v1/chat/completions', chatOf(model))).status).toBe(200);
    const long = { model, messages: [{ role: 'user', content: 'word '.repeat(100) }] };
    const refused = await gateway.post('/v1/chat/completions', long);
    expect(refused.status).toBe(400);
    expect((await refused.text()).length).toBeLessThan(4000);
    for (const line of gateway.log()) expect(JSON.stringify(line).length).toBeLessThan(4000);
  });

  test('a thousand made-up names do not fill the metrics', async () => {
    const rig = await startRig();
    for (let from = 0; from < 1000; from += 50) {
      const chats = Array.from({ length: 50 }, (_, i) =>
        rig.gateway.post('/v1/chat/completions', chatOf(`made-up-${from + i}`)),
      );
      for (const answer of await Promise.all(chats)) await answer.text();
    }
    const metrics = await (await rig.gateway.get('/metrics')).text();
    const names = new Set([...metrics.matchAll(/model="([^"]*)"/g)].map(([, name]) => name));
    expect(names.size).toBeLessThan(300);
    expect(metrics).toContain('model="other"');
  });
});
