import { describe, expect, it } from 'vitest';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { startTestGateway } from '../../harness/test-gateway.ts';
import { customYaml, hello, postTo, startRig } from './rig.ts';

const key = 'a-key-of-this-test-1234';
const embedding = { model: 'u:m', input: 'one' };

describe('what a backend is told of key and headers', () => {
  it('sends the key in the header of auth_type custom, and no Authorization', async () => {
    const yaml = 'auth_type: custom\nauth_header: X-API-Key\napi_key_env_var: MY_KEY';
    const { chat, post, backend } = await startRig({ yaml, env: { MY_KEY: key } });
    await chat();
    await chat({ stream: true });
    await post('/v1/embeddings', embedding);
    expect(backend.posts().map((request) => request.headers['x-api-key'])).toEqual([key, key, key]);
    expect(backend.posts().map((request) => request.headers.authorization)).toEqual([undefined, undefined, undefined]);
  });

  it('sends no credential at all with auth_type none, whatever the client and the environment have', async () => {
    const { chat, backend } = await startRig({ yaml: 'auth_type: none', env: { OPENAI_API_KEY: key } });
    await chat({}, { headers: { authorization: 'Bearer sk-client', 'x-api-key': 'sk-client', cookie: 'a=sk-client' } });
    const sent = backend.posts()[0]?.rawHeaders.join('\n') ?? '';
    expect(sent).not.toMatch(/authorization|x-api-key|cookie/i);
    expect(sent).not.toContain('sk-client');
    expect(sent).not.toContain(key);
  });

  it('drops white space around a key, and else takes it as it is', async () => {
    const { chat, backend } = await startRig({
      yaml: 'api_key_env_var: MY_KEY',
      env: { MY_KEY: ' no key, truly \r\n' },
    });
    expect((await chat()).status).toBe(200);
    expect(backend.posts()[0]?.headers.authorization).toBe('Bearer no key, truly');
  });

  it('lets two backends share a variable', async () => {
    const first = await startFakeBackend();
    const second = await startFakeBackend();
    const gateway = await startTestGateway({
      files: {
        'backends/a/backend.yaml': customYaml(`${first.url}/v1`, 'api_key_env_var: MY_KEY'),
        'backends/b/backend.yaml': customYaml(`${second.url}/v1`, 'api_key_env_var: MY_KEY'),
      },
      env: { MY_KEY: key },
    });
    for (const model of ['a:m', 'b:m']) await postTo(`${gateway.url}/v1/chat/completions`, { ...hello, model });
    const sent = [...first.posts(), ...second.posts()].map((request) => request.headers.authorization);
    expect(sent).toEqual([`Bearer ${key}`, `Bearer ${key}`]);
  });

  it('sends its own headers with chats, streams, completions, embeddings and the list of models', async () => {
    const yaml = 'headers: {X-Org: "org-1, two", CF-Access-Client-Id: abc.access}';
    const { chat, post, backend, gateway } = await startRig({ yaml });
    await chat();
    await chat({ stream: true });
    await post('/v1/completions', { model: 'u:m', prompt: 'one' });
    await post('/v1/embeddings', embedding);
    await gateway.get('/v1/models');
    expect(backend.requests.map((request) => request.method)).toEqual(['POST', 'POST', 'POST', 'POST', 'GET']);
    for (const { headers } of backend.requests) {
      expect([headers['x-org'], headers['cf-access-client-id']]).toEqual(['org-1, two', 'abc.access']);
    }
  });

  it('lets its own headers win over those of the gateway', async () => {
    const { chat, backend } = await startRig({ yaml: 'headers: {user-agent: mine/1, Accept: text/x-mine}' });
    await chat();
    const raw = backend.posts()[0]?.rawHeaders.map((text) => text.toLowerCase()) ?? [];
    expect(raw.filter((text) => text === 'user-agent' || text === 'accept')).toHaveLength(2);
    const { headers } = backend.posts()[0] ?? {};
    expect([headers?.['user-agent'], headers?.accept]).toEqual(['mine/1', 'text/x-mine']);
  });

  it('says who it is where the file has no User-Agent', async () => {
    const { chat, backend } = await startRig();
    await chat({}, { headers: { 'user-agent': 'the-client/1' } });
    expect(backend.posts()[0]?.headers['user-agent']).toMatch(/^headrace\//);
  });

  it('passes on four headers of the client, and none of the others', async () => {
    const { chat, backend } = await startRig({ yaml: 'api_key_env_var: MY_KEY', env: { MY_KEY: key } });
    const passed = {
      'openai-beta': 'assistants=v2',
      'idempotency-key': 'once-1',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      tracestate: 'a=1,b=2',
    };
    const dropped = {
      authorization: 'Bearer sk-client',
      'x-api-key': 'sk-client',
      'api-key': 'sk-client',
      cookie: 'session=sk-client',
      'openai-organization': 'sk-client',
      'x-forwarded-for': '10.9.8.7',
      'x-anything': 'sk-client',
    };
    await chat({}, { headers: { ...passed, ...dropped } });
    const [request] = backend.posts();
    expect(request?.headers).toMatchObject({ ...passed, authorization: `Bearer ${key}` });
    expect(request?.rawHeaders.join('\n')).not.toContain('sk-client');
    for (const name of Object.keys(dropped).slice(1)) expect(request?.headers).not.toHaveProperty(name);
  });
});
