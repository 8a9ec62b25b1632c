import { rm } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { startTestGateway } from '../../harness/test-gateway.ts';
import { oauthFile, startTokenEndpoint } from '../connectors/token-endpoint.ts';
import { sentHeaders } from '../local-servers/chat.ts';
import { admin, adminEnv, connectorsFile, declaring, loopOfChats, openStream, patient, put, tryChat } from './rig.ts';

const backendFile = 'backends/b/backend.yaml';
const connectorsName = 'external-api-connectors.toml';
const slowly = { content: 'one two three four five six', chunk_delay_ms: 60 };

describe('what runs while a reload comes', () => {
  test('a stream ends on its backend, which is gone for others', async () => {
    const old = await startFakeBackend([slowly]);
    const next = await startFakeBackend();
    const gateway = await startTestGateway({ files: { [backendFile]: declaring(old.baseUrl, 'm') } });
    const stream = await openStream(gateway, 'm');
    await put(gateway.folder, 'backends/c/backend.yaml', declaring(next.baseUrl, 'n'));
    await put(gateway.folder, backendFile, declaring(next.baseUrl, 'm'));
    expect((await gateway.gateway.reload('a test')).ok).toBe(true);
    expect(await tryChat(gateway, 'm')).toBe('200');
    expect(next.posts()).toHaveLength(1);
    await rm(`${gateway.folder}/backends/b`, { recursive: true });
    expect((await gateway.gateway.reload('a test')).ok).toBe(true);
    expect(await tryChat(gateway, 'm')).toBe('404 model_not_found');
    expect(old.openConnections).toBe(1);
    expect(await stream()).toMatch(/six[\s\S]*data: \[DONE\]\n\n$/);
    await expect.poll(() => old.openConnections, patient).toBe(0);
  });

  test('a call that waits between two tries makes the next one on its own configuration', async () => {
    const old = await startFakeBackend([{ status: 503, retry_after: 1 }, {}]);
    const next = await startFakeBackend();
    const gateway = await startTestGateway({ files: { [backendFile]: declaring(old.baseUrl, 'm') } });
    const running = tryChat(gateway, 'm');
    await old.waitForPost(1);
    await put(gateway.folder, backendFile, declaring(next.baseUrl, 'm'));
    await gateway.gateway.reload('a test');
    expect(await running).toBe('200');
    expect([old.posts().length, next.posts().length]).toEqual([2, 0]);
    await expect.poll(() => old.openConnections, patient).toBe(0);
  });

  test('of requests in a loop over 20 reloads none fails', async () => {
    const [first, second] = await Promise.all([startFakeBackend(), startFakeBackend()]);
    const gateway = await startTestGateway({ files: { [backendFile]: declaring(first.baseUrl, 'm') } });
    const stops = [loopOfChats(gateway, 'm'), loopOfChats(gateway, 'b:m')];
    for (let i = 0; i < 20; i++) {
      const { baseUrl } = i % 2 === 0 ? second : first;
      await put(gateway.folder, backendFile, declaring(baseUrl, 'm', `only-in-${i}`));
      expect((await gateway.gateway.reload('a test')).ok).toBe(true);
      expect(await tryChat(gateway, `only-in-${i}`)).toBe('200');
      if (i > 0) expect(await tryChat(gateway, `only-in-${i - 1}`)).toBe('404 model_not_found');
    }
    const statuses = (await Promise.all(stops.map((stop) => stop()))).flat();
    expect(statuses.length).toBeGreaterThan(40);
    expect(new Set(statuses)).toEqual(new Set(['200']));
    expect(first.posts().length + second.posts().length).toBe(statuses.length + 20);
  });
});

describe('connections', () => {
  test('are kept where nothing changed for them, also when models and limits did', async () => {
    const backend = await startFakeBackend();
    const gateway = await startTestGateway({ files: { [backendFile]: declaring(backend.baseUrl, 'm') } });
    for (let i = 0; i < 5; i++) {
      expect(await tryChat(gateway, 'm')).toBe('200');
      await put(gateway.folder, backendFile, `${declaring(backend.baseUrl, 'm', `m${i}`)}max_retries: ${i}\n`);
      expect((await gateway.gateway.reload('a test')).ok).toBe(true);
    }
    expect(await tryChat(gateway, 'm4')).toBe('200');
    expect(backend.acceptedConnections).toBe(1);
  });

  test('are closed when the backend is gone and idle', async () => {
    const backend = await startFakeBackend();
    const files = {
      [backendFile]: declaring(backend.baseUrl, 'm'),
      'backends/c/backend.yaml': declaring(backend.baseUrl, 'n'),
    };
    const gateway = await startTestGateway({ files });
    for (const model of ['m', 'n']) await tryChat(gateway, model);
    expect(backend.openConnections).toBe(2);
    await rm(`${gateway.folder}/backends/c`, { recursive: true });
    await gateway.gateway.reload('a test');
    await expect.poll(() => backend.openConnections, patient).toBe(1);
  });

  test('the largest answer that is read whole is that of the configuration in force', async () => {
    const backend = await startFakeBackend([{ content: 'word '.repeat(500) }]);
    const gateway = await startTestGateway({ files: { [backendFile]: declaring(backend.baseUrl, 'm') } });
    expect(await tryChat(gateway, 'm')).toBe('200');
    await put(gateway.folder, 'headrace.yaml', 'limits: {max_response_bytes: 1000}\n');
    await gateway.gateway.reload('a test');
    expect(await tryChat(gateway, 'm')).toBe('502 upstream_error');
    expect(backend.acceptedConnections).toBe(1);
  });
});

test('a new key alone is a change: it is sent, and the log names the provider', async () => {
  const backend = await startFakeBackend();
  const file = (key: string) => connectorsFile(backend.baseUrl, { con: 'x' }, key);
  const gateway = await startTestGateway({ files: { [connectorsName]: file('old-key-0123456') } });
  await tryChat(gateway, 'con');
  await put(gateway.folder, connectorsName, file('new-key-0123456'));
  await gateway.gateway.reload('a test');
  await tryChat(gateway, 'con');
  expect(backend.posts().flatMap((post) => sentHeaders(post, 'authorization'))).toEqual([
    'Bearer old-key-0123456',
    'Bearer new-key-0123456',
  ]);
  const line = gateway.log().find(({ msg }) => msg === 'reloaded');
  expect(line).toMatchObject({ providers: { added: [], changed: ['p'], removed: [] } });
  expect(JSON.stringify(line)).not.toContain('key-0123456');
});

describe('an oauth token', () => {
  test('is kept while its five values are as they were, whatever else changes', async () => {
    const endpoint = await startTokenEndpoint();
    const [first, second] = await Promise.all([startFakeBackend(), startFakeBackend()]);
    const gateway = await startTestGateway({
      files: { [connectorsName]: oauthFile(first.baseUrl, endpoint.url) },
      env: adminEnv,
    });
    expect(await tryChat(gateway, 'inner', admin)).toBe('200');
    await put(gateway.folder, connectorsName, oauthFile(second.baseUrl, endpoint.url));
    expect((await gateway.gateway.reload('a test')).ok).toBe(true);
    expect(await tryChat(gateway, 'inner', admin)).toBe('200');
    const renamed = oauthFile(second.baseUrl, endpoint.url).replace('"inner"', '"new"');
    await put(gateway.folder, connectorsName, `${renamed}[google.more]\ninternal = "more"\nexternal = "outer-2"\n`);
    expect((await gateway.gateway.reload('a test')).ok).toBe(true);
    for (const model of ['new', 'more']) expect(await tryChat(gateway, model, admin)).toBe('200');
    expect(endpoint.claims).toHaveLength(1);
    const sent = [...first.posts(), ...second.posts()].flatMap((post) => sentHeaders(post, 'authorization'));
    expect(new Set(sent)).toEqual(new Set(['Bearer token-1']));
  });

  test('is masked in the answers of the new address as well', async () => {
    const endpoint = await startTokenEndpoint();
    const first = await startFakeBackend();
    const second = await startFakeBackend([{ status: 400, json: { error: { message: 'what is token-1?' } } }]);
    const gateway = await startTestGateway({ files: { [connectorsName]: oauthFile(first.baseUrl, endpoint.url) } });
    await tryChat(gateway, 'inner');
    await put(gateway.folder, connectorsName, oauthFile(second.baseUrl, endpoint.url));
    await gateway.gateway.reload('a test');
    const answer = await gateway.post('/v1/chat/completions', { model: 'inner', messages: [] });
    expect(answer.status).toBe(400);
    expect(await answer.text()).not.toContain('token-1');
  });

  test('is granted anew when one of them changes', async () => {
    const endpoint = await startTokenEndpoint();
    const backend = await startFakeBackend();
    const file = oauthFile(backend.baseUrl, endpoint.url);
    const gateway = await startTestGateway({ files: { [connectorsName]: file } });
    await tryChat(gateway, 'inner');
    await put(gateway.folder, connectorsName, file.replace('models.read', 'models.all'));
    await gateway.gateway.reload('a test');
    expect(await tryChat(gateway, 'inner')).toBe('200');
    expect(endpoint.claims.map(({ scope }) => scope)).toEqual(['models.read', 'models.all']);
  });
});
