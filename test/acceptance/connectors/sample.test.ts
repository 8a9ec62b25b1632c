import { describe, expect, test } from 'vitest';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { eventsOf } from '../../fake-backend/http-client.ts';
import { startTestGateway, type TestGateway, writeConfig } from '../../harness/test-gateway.ts';
import { chat, chatPath, expectError, sentHeaders } from '../local-servers/chat.ts';
import { GatewayProcess, startProcess } from '../local-servers/gateway-process.ts';
import { connectorsName, oneConnector, sampleFile } from './sample.ts';

async function startSample() {
  const openai = await startFakeBackend();
  const provider2 = await startFakeBackend({ mount: '/second/v7' });
  const text = sampleFile(openai.baseUrl, provider2.baseUrl);
  const gateway = await startTestGateway({ files: { [connectorsName]: text } });
  return { openai, provider2, gateway };
}

async function listed(gateway: TestGateway): Promise<Record<string, unknown>[]> {
  const { data } = (await (await gateway.get('/v1/models')).json()) as { data: Record<string, unknown>[] };
  return data;
}

describe("the users' sample", () => {
  test('1 checks without a problem, unchanged', async () => {
    const files = { [connectorsName]: sampleFile('https://api.openai.com/v1', 'https://example.com/second/v7') };
    const run = await GatewayProcess.run({ arguments: ['check'], files });
    expect(await run.ended).toBe(0);
    expect(run.stderr).toBe('');
    expect(run.stdout).toContain('2 providers with 3 connectors');
  });

  test('1 16 the models are exactly the three internal names, owned by their providers', async () => {
    const { gateway, openai } = await startSample();
    expect(gateway.problems).toEqual([]);
    expect(await listed(gateway)).toEqual([
      expect.objectContaining({ id: 'o3-mini-do-not-use', object: 'model', owned_by: 'openai' }),
      expect.objectContaining({ id: 'gpt-4o-do-not-use', object: 'model', owned_by: 'openai' }),
      expect.objectContaining({ id: 'deepseek-example', object: 'model', owned_by: 'provider2' }),
    ]);
    const text = await (await gateway.get('/v1/models')).text();
    expect(text).not.toMatch(/redacted|127\.0\.0\.1|"o3-mini"|gpt-4o-2024|deepseek-r1/);
    expect(openai.requests).toEqual([]);
  });

  test('16 one model: 200 by its internal name, 404 by its external one', async () => {
    const { gateway } = await startSample();
    const one = await gateway.get('/v1/models/o3-mini-do-not-use');
    expect([one.status, await one.json()]).toEqual([200, expect.objectContaining({ id: 'o3-mini-do-not-use' })]);
    await expectError(await gateway.get('/v1/models/o3-mini'), 404, 'model_not_found');
  });

  test.each([
    ['o3-mini-do-not-use', 'o3-mini', 'openai', '/v1/chat/completions'],
    ['gpt-4o-do-not-use', 'gpt-4o-2024-11-20', 'openai', '/v1/chat/completions'],
    ['deepseek-example', 'deepseek-r1', 'provider2', '/second/v7/chat/completions'],
  ] as const)('2 %s goes up as %s and comes back as itself', async (internal, external, provider, path) => {
    const { gateway, ...servers } = await startSample();
    const answer = await gateway.post(`${chatPath}?nice=true`, chat({ model: internal, min_p: 0.5 }));
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-headrace-backend')).toBe(provider);
    expect(answer.headers.get('x-headrace-model')).toBe(external);
    expect(await answer.json()).toMatchObject({ model: internal });
    const [request] = servers[provider].posts();
    expect(request?.json).toEqual(chat({ model: external, min_p: 0.5 }));
    expect((request?.path ?? '') + request?.query).toBe(path);
    expect(sentHeaders(request, 'authorization')).toEqual(['Bearer [redacted]']);
  });

  test('2 every event of a stream has the internal name, the usage event too', async () => {
    const { gateway } = await startSample();
    const fields = { model: 'o3-mini-do-not-use', stream: true, stream_options: { include_usage: true } };
    const events = eventsOf(await (await gateway.post(chatPath, chat(fields))).text()) as { model: string }[];
    expect(events.at(-1)).toBe('[DONE]');
    expect(events.length).toBeGreaterThan(3);
    for (const event of events.slice(0, -1)) expect(event.model).toBe('o3-mini-do-not-use');
    expect(events.at(-2)).toMatchObject({ choices: [], usage: { total_tokens: expect.any(Number) } });
  });

  test('external names, provider labels and labels of connectors are no public names', async () => {
    const { gateway, openai } = await startSample();
    for (const model of ['o3-mini', 'o3', 'gpt4', 'O3-MINI-DO-NOT-USE']) {
      await expectError(await gateway.post(chatPath, chat({ model })), 404, 'model_not_found');
    }
    await expectError(await gateway.post(chatPath, chat({ model: 'openai:o3-mini' })), 404, 'unknown_backend');
    expect(openai.requests).toEqual([]);
  });

  test('completions and embeddings have their routes, with and without /v1', async () => {
    const { gateway, provider2 } = await startSample();
    for (const prefix of ['/v1', '']) {
      const completion = await gateway.post(`${prefix}/completions`, { model: 'deepseek-example', prompt: 'x' });
      expect(await completion.json()).toMatchObject({ model: 'deepseek-example' });
      const embedding = await gateway.post(`${prefix}/embeddings`, { model: 'deepseek-example', input: 'x' });
      expect(await embedding.json()).toMatchObject({ model: 'deepseek-example' });
    }
    const paths = provider2.posts().map(({ path, model }) => `${path} ${model}`);
    expect(new Set(paths)).toEqual(
      new Set(['/second/v7/completions deepseek-r1', '/second/v7/embeddings deepseek-r1']),
    );
  });
});

describe('where the file is found', () => {
  test.each(['HEADRACE_CONNECTORS', 'EXTERNAL_API_CONNECTORS_FILE'])('by %s, and --connectors wins', async (name) => {
    const backend = await startFakeBackend();
    const folder = await writeConfig({
      'one.toml': oneConnector(backend.baseUrl),
      'two.toml': oneConnector(backend.baseUrl).replace('inner', 'second'),
    });
    const env = { [name]: `${folder}/one.toml` };
    expect((await listed(await startTestGateway({ env }))).map(({ id }) => id)).toEqual(['inner']);
    const flags = { connectors: `${folder}/two.toml` };
    expect((await listed(await startTestGateway({ env, flags }))).map(({ id }) => id)).toEqual(['second']);
  });

  test('a named file that is missing: exit 1', async () => {
    const run = await GatewayProcess.run({ arguments: ['check', '--connectors', 'missing.toml'] });
    expect(await run.ended).toBe(1);
    expect(run.stderr).toContain('missing.toml');
  });

  test('14 an empty file, and a provider without connectors, start with a warning', async () => {
    for (const text of ['', '[p]\nbase_url = "http://127.0.0.1:9/v1"\napi_key = "k"\n']) {
      const gateway = await startProcess([], { files: { [connectorsName]: text } });
      await gateway.listening();
      expect(gateway.stderr).toMatch(/external-api-connectors\.toml:.*warning: /);
    }
  });
});

describe('keys of providers', () => {
  test('4 no_key is a key, and goes to its own base_url only', async () => {
    const own = await startFakeBackend();
    const other = await startFakeBackend();
    const text = `${oneConnector(own.baseUrl, 'no_key')}[q]\nbase_url = "${other.baseUrl}"\napi_key = "q-key"\n[q.c]\ninternal = "q"\nexternal = "outer"\n`;
    const env = { OPENAI_API_KEY: 'sk-from-the-environment' };
    const gateway = await startTestGateway({ files: { [connectorsName]: text }, env });
    for (const model of ['inner', 'q']) expect((await gateway.post(chatPath, chat({ model }))).status).toBe(200);
    expect(sentHeaders(own.posts()[0], 'authorization')).toEqual(['Bearer no_key']);
    expect(sentHeaders(other.posts()[0], 'authorization')).toEqual(['Bearer q-key']);
  });

  test("nothing of the client's own goes up", async () => {
    const backend = await startFakeBackend();
    const files = { [connectorsName]: oneConnector(backend.baseUrl) };
    const gateway = await startTestGateway({ files, env: { HEADRACE_ADMIN_KEY: 'the-key-of-the-gateway' } });
    const headers = {
      authorization: 'Bearer the-key-of-the-gateway',
      'x-api-key': 'client-secret-1',
      cookie: 'client-secret-2=1',
      'proxy-authorization': 'client-secret-3',
    };
    const answer = await gateway.post(`${chatPath}?key=client-secret-4`, chat({ model: 'inner' }), headers);
    expect(answer.status).toBe(200);
    const [request] = backend.posts();
    const all = JSON.stringify([request?.rawHeaders, request?.path, request?.query, request?.body.toString()]);
    expect(all).not.toMatch(/client-secret|the-key-of-the-gateway/);
    expect(sentHeaders(request, 'authorization')).toEqual(['Bearer provider-key-0123456789-abcd']);
    expect(request?.headers['accept-encoding']).toBe('identity');
  });
});
