import { describe, expect, test } from 'vitest';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { startTestGateway, type TestGateway } from '../../harness/test-gateway.ts';
import { admin, adminEnv, adminKey, ask, connectorsFile, declaring, deletePackage, user, userKey } from './rig.ts';

const prefixes = ['/model-packages/', '/v1/model-packages/'];

async function start(names: readonly string[] = ['con'], env: Record<string, string> = {}): Promise<TestGateway> {
  const backend = await startFakeBackend();
  const connectors = Object.fromEntries(names.map((name) => [name, 'outer']));
  return startTestGateway({
    files: {
      'headrace.yaml': 'keys:\n  - {name: u, key_env_var: USER_KEY}\n',
      'external-api-connectors.toml': connectorsFile(backend.baseUrl, connectors),
      'backends/b/backend.yaml': declaring(backend.baseUrl, 'm', 'org/m'),
    },
    env: { ...adminEnv, USER_KEY: userKey, ...env },
  });
}

/** What a caller can tell an answer by, but for the request's id and the time. */
function told({ status, headers, text }: Awaited<ReturnType<typeof ask>>): unknown {
  const { 'x-request-id': _id, date: _date, ...others } = headers;
  return { status, others, text };
}

describe.each(prefixes)('DELETE %s', (prefix) => {
  test('18 an unknown name: 404 unknown_checkpoint', async () => {
    const gateway = await start();
    const answer = await ask(gateway.url, 'DELETE', `${prefix}some-non-existent-checkpoint`, admin);
    expect([answer.status, answer.code]).toEqual([404, 'unknown_checkpoint']);
  });

  test.each([
    ['19 no key', {}, 401, 'invalid_api_key'],
    ['19 an unknown key', { authorization: 'Bearer unknown-key' }, 401, 'invalid_api_key'],
    ['19 an empty key', { authorization: 'Bearer ' }, 401, 'invalid_api_key'],
    ['20 a key of a user', user, 403, 'permission_denied'],
  ])('%s: the same answer whether there is such a package or not, and it stays', async (_, headers, status, code) => {
    const gateway = await start();
    const [there, model, bare, missing] = await Promise.all(
      ['con', 'b:m', 'm', 'some-non-existent-checkpoint'].map((name) =>
        ask(gateway.url, 'DELETE', prefix + name, headers),
      ),
    );
    expect([there?.status, there?.code]).toEqual([status, code]);
    for (const other of [model, bare, missing]) expect(told(other as never)).toEqual(told(there as never));
    expect((await ask(gateway.url, 'GET', '/v1/models/con', user)).status).toBe(200);
    expect((await ask(gateway.url, 'GET', '/v1/models/b:m', user)).status).toBe(200);
  });

  test.each([{ authorization: adminKey }, { authorization: `Bearer ${adminKey}` }, { 'x-api-key': adminKey }])(
    '21, 22 an admin by %j: 404 for the unknown, 204 without a body, and then 404',
    async (headers) => {
      const gateway = await start();
      const ofNone = await ask(gateway.url, 'DELETE', `${prefix}some-non-existent-checkpoint`, headers);
      expect([ofNone.status, ofNone.code]).toEqual([404, 'unknown_checkpoint']);
      for (const name of ['con', 'b:m', 'org/m']) {
        const answer = await ask(gateway.url, 'DELETE', prefix + name, headers);
        expect([answer.status, answer.text]).toEqual([204, '']);
        const again = await ask(gateway.url, 'DELETE', prefix + name, headers);
        expect([again.status, again.code]).toEqual([404, 'unknown_checkpoint']);
      }
    },
  );

  test.each(['GET', 'POST', 'PUT', 'PATCH', 'HEAD'])('%s: 405 with Allow: DELETE', async (method) => {
    const gateway = await start();
    for (const headers of [{}, user, admin]) {
      const answer = await ask(gateway.url, method, `${prefix}con`, headers);
      expect([answer.status, answer.headers.allow]).toEqual([405, 'DELETE']);
    }
  });
});

describe('the name in the path', () => {
  test.each([
    ['a/b', 'a/b'],
    ['a/b', 'a%2Fb'],
    ['a/b', 'a%2fb'],
    ['a:b:c', 'a:b:c'],
    ['a:b:c', 'a%3Ab%3Ac'],
    ['%2F', '%252F'],
    ['100%', '100%25'],
    ['a/../b', 'a/../b'],
    ['ü x', '%C3%BC%20x'],
    ['a//b/', 'a//b/'],
    ['a?b', 'a%3Fb'],
    ['plus+plus', 'plus+plus'],
    ['x'.repeat(256), 'x'.repeat(256)],
  ])('%j may be written as %s, and is decoded once', async (name, written) => {
    const gateway = await start([name, 'other']);
    expect((await deletePackage(gateway.url, written, admin)).status).toBe(204);
    expect((await deletePackage(gateway.url, written, admin)).code).toBe('unknown_checkpoint');
    expect((await ask(gateway.url, 'GET', '/v1/models/other', admin)).status).toBe(200);
  });

  test('is not decoded twice', async () => {
    const gateway = await start(['a/b', '%41']);
    for (const written of ['a%252Fb', '%41', 'A']) {
      expect((await deletePackage(gateway.url, written, admin)).code).toBe('unknown_checkpoint');
    }
    expect((await deletePackage(gateway.url, '%2541', admin)).status).toBe(204);
  });

  test.each(['%', '%4', '%zz', '%C3', '%ff', 'a%2', 'con%'])('a broken escape %s is 400', async (written) => {
    const gateway = await start();
    const answer = await deletePackage(gateway.url, written, admin);
    expect([answer.status, answer.code]).toEqual([400, 'invalid_request']);
    expect((await deletePackage(gateway.url, written, user)).status).toBe(403);
  });

  test.each([
    '%00',
    'con%00',
    '..',
    '.',
    '../admin/reload',
    '%2e%2e',
    '%2e%2e%2fcon',
    '__proto__',
    'constructor',
    'con?x'.replace('?', '%3f'),
    'CON',
    'con%20',
    'm:b',
    'b:',
    ':m',
    'y'.repeat(20_000),
  ])('%s is an unknown name', async (written) => {
    const gateway = await start();
    const answer = await deletePackage(gateway.url, written, admin);
    expect([answer.status, answer.code]).toEqual([404, 'unknown_checkpoint']);
    expect(answer.text.length).toBeLessThan(1000);
  });

  test('a query is no part of it', async () => {
    const gateway = await start();
    expect((await deletePackage(gateway.url, 'con?force=true', admin)).status).toBe(204);
  });

  test('without a name there is nothing', async () => {
    const gateway = await start();
    for (const path of ['/model-packages', '/model-packages/', '/v1/model-packages/']) {
      expect((await ask(gateway.url, 'DELETE', path, admin)).code).toBe('not_found');
    }
  });
});

test('with no key configured callers count as admins, whatever they send', async () => {
  const backend = await startFakeBackend();
  const names = { one: 'x', two: 'x' };
  const gateway = await startTestGateway({
    files: { 'external-api-connectors.toml': connectorsFile(backend.baseUrl, names) },
  });
  expect((await deletePackage(gateway.url, 'one')).status).toBe(204);
  expect((await deletePackage(gateway.url, 'two', { authorization: 'Bearer anything' })).status).toBe(204);
});

test.each(['2', '10'])('with HEADRACE_REPLICAS=%s an existing name is 409 conflict and stays', async (replicas) => {
  const gateway = await start(['con'], { HEADRACE_REPLICAS: replicas });
  for (const name of ['con', 'b:m', 'm']) {
    const answer = await deletePackage(gateway.url, name, admin);
    expect([answer.status, answer.code]).toEqual([409, 'conflict']);
    expect((await ask(gateway.url, 'GET', `/v1/models/${name}`, admin)).status).toBe(200);
    expect((await deletePackage(gateway.url, name, user)).status).toBe(403);
  }
  expect((await deletePackage(gateway.url, 'some-non-existent-checkpoint', admin)).code).toBe('unknown_checkpoint');
  expect(gateway.log()).toContainEqual(expect.objectContaining({ package: 'con', by: 'admin', result: 'conflict' }));
});

test('with HEADRACE_REPLICAS=1 it is deleted', async () => {
  const gateway = await start(['con'], { HEADRACE_REPLICAS: '1' });
  expect((await deletePackage(gateway.url, 'con', admin)).status).toBe(204);
});
