import { expect, it } from 'vitest';
import { startFakeBackend } from '../../test/fake-backend/fake-backend.ts';
import { startAdminGateway } from '../../test/harness/admin-client.ts';
import { backendYaml } from '../../test/harness/test-gateway.ts';

it('limits of keys and teams hold at once, and what was used stays when they change or the key is renamed', async () => {
  const backend = await startFakeBackend();
  const { ask, create, gateway } = await startAdminGateway({
    files: { 'backends/b/backend.yaml': backendYaml(backend.baseUrl) },
  });
  await ask('PUT', '/admin/teams/red', { limits: { requests_per_day: 4 } });
  const one = await create({ name: 'one', team: 'red', limits: { requests_per_minute: 1 } });
  const two = await create({ name: 'two', team: 'red' });
  const chat = async ({ secret }: { secret: string }) => {
    const body = { model: 'b:m', messages: [{ role: 'user', content: 'hello' }], max_tokens: 5 };
    return (await gateway.post('/v1/chat/completions', body, { authorization: secret })).status;
  };
  expect([await chat(one), await chat(one)]).toEqual([200, 429]);
  await ask('PATCH', `/admin/keys/${one.id}`, { name: 'uno', limits: { requests_per_minute: 2 } });
  expect([await chat(one), await chat(one)]).toEqual([200, 429]);
  expect([await chat(two), await chat(two), await chat(two)]).toEqual([200, 200, 429]);
  await ask('PUT', '/admin/teams/red', { limits: { requests_per_day: 5 } });
  expect([await chat(two), await chat(two)]).toEqual([200, 429]);
  await ask('PUT', '/admin/teams/red');
  expect(await chat(two)).toBe(200);
});
