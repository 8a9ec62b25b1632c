import { describe, expect, test } from 'vitest';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { startTestGateway, type TestGateway } from '../../harness/test-gateway.ts';
import { chat, chatPath } from '../local-servers/chat.ts';
import {
  admin,
  adminEnv,
  connectorsFile,
  connectorsPage,
  declaring,
  deletePackage,
  inEffect,
  listed,
  metric,
  openStream,
  put,
  tryChat,
} from './rig.ts';

/** Two connectors, a backend `b` with models, and a default backend that takes any name. */
async function start() {
  const provider = await startFakeBackend();
  const backend = await startFakeBackend({ models: ['m', 'theirs'] });
  const fallback = await startFakeBackend();
  const connectors = connectorsFile(provider.baseUrl, { one: 'outer-1', two: 'outer-2' });
  const gateway = await startTestGateway({
    files: {
      'external-api-connectors.toml': connectors,
      'backends/b/backend.yaml': `${declaring(backend.baseUrl, 'm', 'n')}default_model: m\n`,
      'backends/any/backend.yaml': declaring(fallback.baseUrl, 'own'),
    },
    flags: { defaultBackend: 'any' },
  });
  return { gateway, provider, backend, fallback, connectors };
}

/** The two spellings of a GET of one model, and the list, know nothing of these names; calls are 404. */
async function expectGone(gateway: TestGateway, ...names: string[]): Promise<void> {
  for (const name of names) {
    expect(await listed(gateway)).not.toContain(name);
    expect((await gateway.get(`/v1/models/${encodeURIComponent(name)}`)).status).toBe(404);
    expect(await tryChat(gateway, name)).toBe('404 model_not_found');
    const embeddings = await gateway.post('/v1/embeddings', { model: name, input: 'x' });
    expect(embeddings.status).toBe(404);
  }
}

describe('after the 204', () => {
  test('22 a connector is in no list, and does not fall through to the default backend', async () => {
    const { gateway, provider, fallback } = await start();
    expect((await deletePackage(gateway.url, 'one')).status).toBe(204);
    await expectGone(gateway, 'one');
    expect(await tryChat(gateway, 'two')).toBe('200');
    expect(await tryChat(gateway, 'anything-else')).toBe('200');
    expect([provider.posts().length, fallback.posts().length]).toEqual([1, 1]);
  });

  test.each(['b:m', 'm'])('a model of a backend, deleted as %s, is gone under both of its names', async (name) => {
    const { gateway, backend, fallback } = await start();
    expect((await deletePackage(gateway.url, name)).status).toBe(204);
    await expectGone(gateway, 'b:m', 'm');
    for (const again of ['b:m', 'm']) expect((await deletePackage(gateway.url, again)).code).toBe('unknown_checkpoint');
    expect(await tryChat(gateway, 'n')).toBe('200');
    expect([backend.posts().length, fallback.posts().length]).toEqual([1, 0]);
  });

  test('a deleted default model is 404 where it is meant without its name', async () => {
    const { gateway, backend } = await start();
    await deletePackage(gateway.url, 'b:m');
    expect(await tryChat(gateway, 'b:')).toBe('404 model_not_found');
    expect(backend.posts()).toEqual([]);
  });

  test('a backend whose models are all deleted lists none of its own', async () => {
    const { gateway } = await start();
    for (const name of ['m', 'n']) expect((await deletePackage(gateway.url, name)).status).toBe(204);
    expect((await listed(gateway)).filter((name) => name.startsWith('b:'))).toEqual([]);
  });

  test('GET /admin/connectors and the metric show it', async () => {
    const { gateway } = await start();
    await deletePackage(gateway.url, 'one');
    await deletePackage(gateway.url, 'm');
    const page = await connectorsPage(gateway);
    expect(page.connectors).toMatchObject([
      { internal: 'one', status: 'deleted', held_by: null },
      { internal: 'two', status: 'active', held_by: null },
    ]);
    expect(page.deleted).toEqual(['b:m']);
    expect(await metric(gateway, 'headrace_connectors{status="deleted"}')).toBe(1);
    expect(await metric(gateway, 'headrace_connectors{status="active"}')).toBe(1);
  });

  test('of a name that several backends declare, the others keep theirs', async () => {
    const [a, b, c] = await Promise.all([startFakeBackend(), startFakeBackend(), startFakeBackend()]);
    const gateway = await startTestGateway({
      files: {
        'backends/a/backend.yaml': declaring(a.baseUrl, 'm'),
        'backends/b/backend.yaml': declaring(b.baseUrl, 'm'),
        'backends/c/backend.yaml': declaring(c.baseUrl, 'm'),
      },
    });
    expect((await deletePackage(gateway.url, 'm')).code).toBe('unknown_checkpoint'); // it is nobody's name
    expect((await deletePackage(gateway.url, 'a:m')).status).toBe(204);
    expect(await tryChat(gateway, 'a:m')).toBe('404 model_not_found');
    expect(await tryChat(gateway, 'm')).toBe('400 ambiguous_model');
    expect((await deletePackage(gateway.url, 'b:m')).status).toBe(204);
    expect(await tryChat(gateway, 'm')).toBe('200');
    expect(c.posts()).toHaveLength(1);
    expect((await deletePackage(gateway.url, 'm')).status).toBe(204);
    await expectGone(gateway, 'm', 'a:m', 'b:m', 'c:m');
  });
});

test.each([
  ['two', 'provider'],
  ['b:m', 'backend'],
] as const)('a running stream of %s ends as if nothing had happened', async (name, where) => {
  const rig = await start();
  rig[where].use({ replies: [{ content: 'one two three four five six', chunk_delay_ms: 60 }] });
  const stream = await openStream(rig.gateway, name);
  expect((await deletePackage(rig.gateway.url, name)).status).toBe(204);
  expect(await tryChat(rig.gateway, name)).toBe('404 model_not_found');
  const text = await stream();
  expect(text).toMatch(/six[\s\S]*data: \[DONE\]\n\n$/);
  expect(rig[where].posts()[0]?.aborted).toBe(false);
});

test('the log has who, name and result', async () => {
  const backend = await startFakeBackend();
  const gateway = await startTestGateway({
    files: {
      'headrace.yaml': 'keys:\n  - {name: olga, key_env_var: OLGA_KEY, role: admin}\n',
      'backends/b/backend.yaml': declaring(backend.baseUrl, 'm'),
    },
    env: { ...adminEnv, OLGA_KEY: 'key-of-olga-0123' },
  });
  await deletePackage(gateway.url, 'm', { authorization: 'key-of-olga-0123' });
  await deletePackage(gateway.url, 'm%0aforged', admin);
  const lines = gateway.log().filter(({ msg }) => msg === 'delete of a model package');
  expect(lines).toMatchObject([
    { package: 'm', by: 'olga', result: 'deleted' },
    { package: 'm\nforged', by: 'admin', result: 'unknown_checkpoint' },
  ]);
});

describe('a deleted connector', () => {
  test('25 is back after a change of the file', async () => {
    const { gateway, connectors } = await start();
    await deletePackage(gateway.url, 'one');
    await put(gateway.folder, 'external-api-connectors.toml', connectors); // another file with the same content
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(await tryChat(gateway, 'one')).toBe('404 model_not_found');
    await put(gateway.folder, 'external-api-connectors.toml', `${connectors}# changed\n`);
    await inEffect(async () => (await tryChat(gateway, 'one')) === '200');
  });

  test('25 is back after POST /admin/reload without any change', async () => {
    const { gateway } = await start();
    await deletePackage(gateway.url, 'one');
    expect((await gateway.post('/admin/reload', {})).status).toBe(200);
    expect(await tryChat(gateway, 'one')).toBe('200');
    expect((await connectorsPage(gateway)).connectors[0]).toMatchObject({ internal: 'one', status: 'active' });
  });

  test('stays away after a change for the worse', async () => {
    const { gateway, connectors } = await start();
    await deletePackage(gateway.url, 'one');
    await put(gateway.folder, 'external-api-connectors.toml', `${connectors}[broken`);
    await inEffect(async () => !(await connectorsPage(gateway)).last_reload.ok);
    expect(await tryChat(gateway, 'one')).toBe('404 model_not_found');
  });

  test('deleted while a reload runs, stays away after that reload', async () => {
    const { gateway } = await start();
    const running = gateway.gateway.reload('a test');
    gateway.gateway.deletePackage({ kind: 'connector', name: 'one' }, 'a test');
    expect((await running).ok).toBe(true);
    expect(await tryChat(gateway, 'one')).toBe('404 model_not_found');
    await gateway.gateway.reload('a test');
    expect(await tryChat(gateway, 'one')).toBe('200');
  });
});

test('requests in a loop over a DELETE are answered, all before with 200 and all after with 404', async () => {
  const { gateway } = await start();
  const seen: string[] = [];
  let deleted = false;
  const loop = async () => {
    while (seen.filter((entry) => entry === 'after 404').length < 20) {
      const when = deleted ? 'after' : 'before';
      const { status } = await gateway.post(chatPath, chat({ model: 'one' }));
      seen.push(`${when} ${status}`);
    }
  };
  const loops = [loop(), loop()];
  await new Promise((resolve) => setTimeout(resolve, 50));
  await deletePackage(gateway.url, 'one');
  deleted = true;
  await Promise.all(loops);
  expect(new Set(seen.filter((entry) => entry !== 'before 404'))).toEqual(new Set(['before 200', 'after 404']));
});
