import { expect, test } from 'vitest';
import { type RouteHandlers, routeTable } from '../../../src/http/routes.ts';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { startTestGateway, type TestGateway } from '../../harness/test-gateway.ts';
import { adminEnv, adminKey, ask, declaring, listed, put, tryChat, userKey } from './rig.ts';

/** Every route that there is; a new one is tried without a word here. */
const routes = routeTable({} as RouteHandlers);

const callers = { 'no key': {}, 'a wrong key': 'wrong-key-0123', user: userKey, admin: adminKey } as const;

async function start(): Promise<TestGateway> {
  const backend = await startFakeBackend();
  return startTestGateway({
    files: {
      'headrace.yaml': 'keys:\n  - {name: u, key_env_var: USER_KEY}\n',
      'backends/b/backend.yaml': declaring(backend.baseUrl, 'm'),
    },
    env: { ...adminEnv, USER_KEY: userKey },
  });
}

function expected(role: string, caller: keyof typeof callers): string {
  if (role === 'open') return 'served';
  if (caller === 'no key' || caller === 'a wrong key') return '401 invalid_api_key';
  return role === 'admin' && caller === 'user' ? '403 permission_denied' : 'served';
}

test('there are routes of every role', () => {
  expect(new Set(routes.map((route) => route.role))).toEqual(new Set(['open', 'user', 'admin']));
});

test.each(routes.map((route) => [route.method, route.path, route.role] as const))(
  '%s %s lets in whom its role %s lets in',
  async (method, path, role) => {
    const gateway = await start();
    for (const [caller, key] of Object.entries(callers)) {
      const ways =
        typeof key === 'string'
          ? [{ authorization: `Bearer ${key}` }, { authorization: key }, { 'x-api-key': key }]
          : [{}, { authorization: '' }, { authorization: 'Bearer ' }, { 'x-api-key': '' }];
      for (const headers of ways) {
        const answer = await ask(gateway.url, method, path.endsWith('/') ? `${path}b:m` : path, headers);
        const refused = [401, 403].includes(answer.status) ? `${answer.status} ${answer.code}` : 'served';
        expect(`${caller}: ${refused}`).toBe(`${caller}: ${expected(role, caller as keyof typeof callers)}`);
        if (answer.status === 401) expect(answer.headers['www-authenticate']).toBe('Bearer');
      }
    }
  },
);

test('a key with models sees and uses those, also after its list has changed', async () => {
  const backend = await startFakeBackend();
  const keys = (models: string) => `keys:\n  - {name: u, key_env_var: USER_KEY, models: [${models}]}\n`;
  const gateway = await startTestGateway({
    files: { 'headrace.yaml': keys('"b:one"'), 'backends/b/backend.yaml': declaring(backend.baseUrl, 'one', 'two') },
    env: { ...adminEnv, USER_KEY: userKey },
  });
  const headers = { authorization: userKey };
  expect(await listed(gateway, headers)).toEqual(['b:one']);
  expect(await tryChat(gateway, 'two', headers)).toBe('404 model_not_found');
  await put(gateway.folder, 'headrace.yaml', keys('two'));
  await gateway.gateway.reload('a test');
  expect(await listed(gateway, headers)).toEqual(['b:two']);
  expect(await tryChat(gateway, 'b:two', headers)).toBe('200');
  expect(await tryChat(gateway, 'one', headers)).toBe('404 model_not_found');
});
