import { describe, expect, it } from 'vitest';
import { put } from '../../test/acceptance/operating/rig.ts';
import { startAdminGateway } from '../../test/harness/admin-client.ts';

describe.each(['team', 'tag'] as const)('a %s', (kind) => {
  it('is made, replaced, listed and deleted, whatever its name', async () => {
    const { ask } = await startAdminGateway({
      files: { 'headrace.yaml': `tiers: {free: {}}\n${kind}s: {filed: {tier: free}}\n` },
    });
    const name = `a/b %_'"?#\u{1f511}`;
    const path = `/admin/${kind}s/${encodeURIComponent(name)}`;
    const made = await ask('PUT', path, { limits: { requests_per_minute: 5 }, tier: 'free' });
    expect([made.status, made.body.name, made.body.version]).toEqual([201, name, 1]);
    const replaced = await ask('PUT', path, { limits: { budget: { day: 2 } } });
    expect(replaced.status).toBe(200);
    expect(replaced.body).toMatchObject({
      object: kind,
      tier: null,
      limits: { budget: { day: 2 } },
      version: 2,
      keys: 0,
    });
    expect((await ask('GET', path)).body).toEqual(replaced.body);
    const late = await ask('PUT', path, { version: 1 });
    expect([late.status, late.body.detail]).toEqual([409, { version: 2 }]);
    const first = await ask('GET', `/admin/${kind}s?limit=1`);
    const second = await ask('GET', `/admin/${kind}s?limit=1&cursor=${first.body.next_cursor}`);
    expect([first, second].flatMap(({ body }) => body.data.map((one: { name: string }) => one.name))).toEqual([
      name,
      'filed',
    ]);
    expect((await ask('DELETE', path, undefined, { 'if-match': '"1"' })).status).toBe(409);
    expect((await ask('DELETE', path)).status).toBe(204);
    expect((await ask('DELETE', path)).status).toBe(404);
    expect((await ask('GET', path)).status).toBe(404);
    expect((await ask('PUT', `/admin/${kind}s/${'x'.repeat(1000)}`, {})).body.error.param).toBe('name');
    expect((await ask('PUT', path, { tier: 'fre' })).body.error.param).toBe('tier');
    expect((await ask('PUT', path, { limit: {} })).body.error.param).toBe('limit');
  });
});

describe('a team with keys', () => {
  it('is deleted by force only; its keys are refused from then on and show why, until it is there again', async () => {
    const { ask, create, tryKey, gateway } = await startAdminGateway();
    await ask('PUT', '/admin/teams/red');
    const { secret } = await create({ name: 'alice', team: 'red' });
    expect((await ask('GET', '/admin/teams/red')).body.keys).toBe(1);
    const refused = await ask('DELETE', '/admin/teams/red');
    expect([refused.status, refused.body.detail]).toEqual([409, { keys: 1 }]);
    expect(refused.body.error.message).toContain('alice');
    expect((await ask('DELETE', '/admin/teams/red?force=yes')).status).toBe(400);
    expect((await ask('DELETE', '/admin/teams/red?force=true')).status).toBe(204);
    expect(await tryKey(secret)).toBe('403 permission_denied');
    expect(await (await gateway.get('/v1/models', { authorization: secret })).text()).toContain('was deleted');
    expect((await ask('GET', '/admin/keys?status=team_missing')).body.data).toHaveLength(1);
    await ask('PUT', '/admin/teams/red');
    expect(await tryKey(secret)).toBe('200');
  });
});

it('a key whose tier or name the file takes away is refused until that is mended', async () => {
  const { ask, create, tryKey, gateway } = await startAdminGateway({
    files: { 'headrace.yaml': 'tiers: {free: {}}\n' },
  });
  const tiered = await create({ name: 'tiered', tier: 'free' });
  const named = await create({ name: 'named' });
  const file = (text: string) => put(gateway.folder, 'headrace.yaml', `storage: {folder: state}\n${text}`);
  await file(`keys: [{name: named, sha256: "${'ab'.repeat(32)}"}]\n`);
  await gateway.gateway.reload('a test');
  expect([await tryKey(tiered.secret), await tryKey(named.secret)]).toEqual(Array(2).fill('403 permission_denied'));
  const statuses = (await ask('GET', '/admin/keys')).body.data.map((key: { id: string; status: string }) => [
    key.id,
    key.status,
  ]);
  expect(Object.fromEntries(statuses)).toMatchObject({ [tiered.id]: 'tier_missing', [named.id]: 'name_taken' });
  expect(gateway.log()).toContainEqual(
    expect.objectContaining({ names: ['named'], msg: expect.stringContaining('refused') }),
  );
  await ask('PATCH', `/admin/keys/${named.id}`, { name: 'other' });
  await file('tiers: {free: {}}\n');
  await gateway.gateway.reload('a test');
  expect([await tryKey(tiered.secret), await tryKey(named.secret)]).toEqual(['200', '200']);
});
