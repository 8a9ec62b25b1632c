import { describe, expect, test } from 'vitest';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { backendYaml, startTestGateway, type TestGateway } from '../../harness/test-gateway.ts';
import { chat, chatPath, expectError } from '../local-servers/chat.ts';
import { connectorsName } from './sample.ts';

function connectors(baseUrl: string, names: Readonly<Record<string, string>>, label = 'p'): string {
  const tables = Object.entries(names).map(
    ([internal, external], i) => `[${label}.c${i}]\ninternal = ${JSON.stringify(internal)}\nexternal = "${external}"\n`,
  );
  return `[${label}]\nbase_url = "${baseUrl}"\napi_key = "k"\n${tables.join('')}`;
}

async function ids(gateway: TestGateway, headers: Record<string, string> = {}): Promise<string[]> {
  const { data } = (await (await gateway.get('/v1/models', headers)).json()) as { data: { id: string }[] };
  return data.map(({ id }) => id);
}

describe('names', () => {
  test.each([
    'a/b',
    'a:b',
    'back:x',
    'ü \u{1F600}',
    '%2F',
    'a?b#c',
    '"quoted"\\',
    '__proto__',
    'constructor',
    'x'.repeat(256),
  ])('the internal name %j is served, listed and found', async (name) => {
    const backend = await startFakeBackend();
    const held = await startFakeBackend();
    const files = {
      [connectorsName]: connectors(backend.baseUrl, { [name]: 'ext' }),
      'backends/back/backend.yaml': backendYaml(held.baseUrl),
    };
    const gateway = await startTestGateway({ files, flags: { defaultBackend: 'back' } });
    const answer = await gateway.post(chatPath, chat({ model: name }));
    expect(await answer.json()).toMatchObject({ model: name });
    expect(backend.posts().map(({ model }) => model)).toEqual(['ext']);
    expect(await ids(gateway)).toContain(name);
    const one = await gateway.get(`/v1/models/${encodeURIComponent(name)}`);
    expect(await one.json()).toMatchObject({ id: name, owned_by: 'p' });
    expect(held.posts()).toEqual([]);
  });

  test('a "/" in a name may stand plain in the path, and is decoded once', async () => {
    const text = connectors('http://127.0.0.1:9/v1', { 'org/m': 'e', '100%25': 'f' });
    const gateway = await startTestGateway({ files: { [connectorsName]: text } });
    for (const path of ['org/m', 'org%2Fm', 'org%2fm', '100%2525']) {
      expect((await gateway.get(`/v1/models/${path}`)).status).toBe(200);
    }
    await expectError(await gateway.get('/v1/models/100%25'), 404, 'model_not_found');
  });

  test('the mapping is applied once, and two connectors may share an external name', async () => {
    const backend = await startFakeBackend();
    const text = connectors(backend.baseUrl, { a: 'b', b: 'c', d: 'c' });
    const gateway = await startTestGateway({ files: { [connectorsName]: text } });
    for (const model of ['a', 'b', 'd']) {
      expect(await (await gateway.post(chatPath, chat({ model }))).json()).toMatchObject({ model });
    }
    expect(backend.posts().map(({ model }) => model)).toEqual(['b', 'c', 'c']);
  });

  test('a provider and a backend of one name are no conflict', async () => {
    const provider = await startFakeBackend();
    const backend = await startFakeBackend();
    const files = {
      [connectorsName]: connectors(provider.baseUrl, { inner: 'outer' }, 'same'),
      'backends/same/backend.yaml': backendYaml(backend.baseUrl),
    };
    const gateway = await startTestGateway({ files });
    await gateway.post(chatPath, chat({ model: 'inner' }));
    await gateway.post(chatPath, chat({ model: 'same:outer' }));
    expect([provider.posts().length, backend.posts().length]).toEqual([1, 1]);
  });
});

describe('pending connectors', () => {
  test.each(['held', 'b:held'])('%s of a backend keeps its traffic; the others are active', async (name) => {
    const provider = await startFakeBackend();
    const backend = await startFakeBackend();
    const yaml = backendYaml(backend.baseUrl, 'auth_type: none\nmodels:\n  held: {}');
    const files = {
      [connectorsName]: connectors(provider.baseUrl, { [name]: 'x', free: 'y' }),
      'backends/b/backend.yaml': yaml,
    };
    const gateway = await startTestGateway({ files });
    expect(gateway.problems.join('\n')).toMatch(
      /external-api-connectors\.toml:5:\d+: p\.c0\.internal: warning: .*backend b/,
    );
    for (const model of [name, 'free']) expect((await gateway.post(chatPath, chat({ model }))).status).toBe(200);
    expect(backend.posts().map(({ model }) => model)).toEqual(['held']);
    expect(provider.posts().map(({ model }) => model)).toEqual(['y']);
    expect((await ids(gateway)).toSorted()).toEqual(['b:held', 'free']);
  });

  test('being passed to the default backend is no holding', async () => {
    const provider = await startFakeBackend();
    const backend = await startFakeBackend();
    const files = {
      [connectorsName]: connectors(provider.baseUrl, { m: 'x' }),
      'backends/b/backend.yaml': backendYaml(backend.baseUrl),
    };
    const gateway = await startTestGateway({ files, flags: { defaultBackend: 'b' } });
    expect(gateway.problems).toEqual([]);
    await gateway.post(chatPath, chat({ model: 'm' }));
    expect([provider.posts().length, backend.posts().length]).toEqual([1, 0]);
  });
});

describe('a key that is limited to some models (case 17)', () => {
  async function startLimited() {
    const provider = await startFakeBackend();
    const backend = await startFakeBackend({ models: ['listed', 'own'] });
    const files = {
      [connectorsName]: connectors(provider.baseUrl, { mine: 'outer', theirs: 'X-1' }),
      'backends/b/backend.yaml': backendYaml(backend.baseUrl, 'auth_type: none\nmodels:\n  hidden: {}\n  shown: {}'),
      'backends/open/backend.yaml': backendYaml(backend.baseUrl),
      'headrace.yaml': 'keys:\n  - {name: u, key_env_var: U, models: [mine, "b:shown", "open:own"]}\n',
    };
    const env = { U: 'key-of-the-user', HEADRACE_ADMIN_KEY: 'key-of-the-admin' };
    const gateway = await startTestGateway({ files, env });
    return { provider, backend, gateway, headers: { authorization: 'Bearer key-of-the-user', 'x-request-id': 'same' } };
  }

  test('17 lists those only', async () => {
    const { gateway, headers } = await startLimited();
    expect(await ids(gateway, headers)).toEqual(['mine', 'b:shown', 'open:own']);
    const all = await ids(gateway, { authorization: 'key-of-the-admin' });
    expect(all).toEqual(['mine', 'theirs', 'b:hidden', 'b:shown', 'open:listed', 'open:own']);
  });

  test('17 uses those only', async () => {
    const { gateway, headers, provider, backend } = await startLimited();
    for (const model of ['mine', 'b:shown', 'shown', 'open:own']) {
      expect((await gateway.post(chatPath, chat({ model }), headers)).status).toBe(200);
    }
    expect([provider.posts().length, backend.posts().length]).toEqual([1, 3]);
  });

  test('17 any other name is 404, the same bytes as a missing one but for the name', async () => {
    const { gateway, headers, provider, backend } = await startLimited();
    async function answerFor(path: string, name: string, post: boolean): Promise<unknown> {
      const answer = post
        ? await gateway.post(path, chat({ model: name }), headers)
        : await gateway.get(path + encodeURIComponent(name), headers);
      const head = [...answer.headers].filter(([key]) => key !== 'date' && key !== 'content-length');
      return [answer.status, head, (await answer.text()).replaceAll(name, 'NAME')];
    }
    const names = ['theirs', 'b:hidden', 'hidden', 'open:listed', 'open:zzz', 'b:zzz', 'zzz:zzz', 'X-1', 'p:outer'];
    for (const [path, post] of [
      [chatPath, true],
      ['/v1/models/', false],
    ] as const) {
      const missing = await answerFor(path, 'missing', post);
      expect(missing).toMatchObject([404, expect.anything(), expect.stringContaining('model_not_found')]);
      for (const name of names) expect(await answerFor(path, name, post)).toEqual(missing);
    }
    expect([...provider.posts(), ...backend.posts()]).toEqual([]);
  });
});
