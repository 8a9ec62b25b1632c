import { describe, expect, it } from 'vitest';
import { startAdminGateway } from '../../test/harness/admin-client.ts';

const settings = 'tiers: {free: {}, gold: {}}\nteams: {red: {}, blue: {}}\n';

async function start() {
  const admin = await startAdminGateway({ files: { 'headrace.yaml': settings } });
  const key = await admin.create({
    name: 'alice',
    owner: 'o',
    team: 'red',
    tags: ['t'],
    models: ['m'],
    tier: 'free',
    limits: { requests_per_minute: 5, tokens_per_day: 1000, budget: { day: 1.5, month: 20 } },
    expires_at: '2099-01-01',
  });
  return { ...admin, ...key, path: `/admin/keys/${key.id}` };
}

const limits = { requests_per_minute: 5, tokens_per_day: 1000, budget: { day: 1.5, month: 20 } };

describe('PATCH /admin/keys/{id}', () => {
  it.each([
    [{ name: 'b%b' }, { name: 'b%b' }],
    [{ owner: 'p' }, { owner: 'p' }],
    [{ owner: null }, { owner: null }],
    [{ team: 'blue' }, { team: 'blue' }],
    [{ team: null }, { team: null }],
    [{ tags: ['u', 'v'] }, { tags: ['u', 'v'] }],
    [{ tags: null }, { tags: [] }],
    [{ role: 'admin' }, { role: 'admin' }],
    [{ models: ['m', 'n'] }, { models: ['m', 'n'] }],
    [{ models: null }, { models: null }],
    [{ tier: 'gold' }, { tier: 'gold' }],
    [{ tier: null }, { tier: null }],
    [{ expires_at: '2098-05-06T07:08:09+02:00' }, { expires_at: '2098-05-06T05:08:09.000Z' }],
    [{ expires_at: null }, { expires_at: null }],
    [{ limits: null }, { limits: null }],
    [{ limits: { requests_per_minute: 6 } }, { limits: { ...limits, requests_per_minute: 6 } }],
    [{ limits: { tokens_per_day: null } }, { limits: { requests_per_minute: 5, budget: limits.budget } }],
    [{ limits: { tokens_per_minute: 9 } }, { limits: { ...limits, tokens_per_minute: 9 } }],
    [{ limits: { requests_per_day: 9 } }, { limits: { ...limits, requests_per_day: 9 } }],
    [{ limits: { max_concurrent: 9 } }, { limits: { ...limits, max_concurrent: 9 } }],
    [{ limits: { budget: { day: 0.000000001 } } }, { limits: { ...limits, budget: { day: 1e-9, month: 20 } } }],
    [{ limits: { budget: { day: null } } }, { limits: { ...limits, budget: { month: 20 } } }],
    [
      { limits: { budget: { week: 3, total: 4 } } },
      { limits: { ...limits, budget: { day: 1.5, week: 3, month: 20, total: 4 } } },
    ],
    [{ limits: { budget: null } }, { limits: { requests_per_minute: 5, tokens_per_day: 1000 } }],
    [
      { limits: { when_spent: { downgrade_to: 'cheap' } } },
      { limits: { ...limits, when_spent: { downgrade_to: 'cheap' } } },
    ],
    [{ limits: { when_spent: 'refuse' } }, { limits: { ...limits, when_spent: 'refuse' } }],
  ])('%j changes that and nothing else', async (change, expected) => {
    const { ask, path } = await start();
    const before = (await ask('GET', path)).body;
    const changed = await ask('PATCH', path, change);
    expect(changed.status).toBe(200);
    expect((await ask('GET', path)).body).toEqual(changed.body);
    expect(changed.body).toEqual({ ...before, ...expected, version: 2 });
  });

  it('refuses what is wrong, and changes nothing then', async () => {
    const { ask, path, create } = await start();
    await create({ name: 'bob' });
    const before = (await ask('GET', path)).text;
    for (const [change, status, param] of [
      [{}, 400, null],
      [{ name: null }, 400, 'name'],
      [{ role: null }, 400, 'role'],
      [{ id: 'x' }, 400, 'id'],
      [{ secrets: [] }, 400, 'secrets'],
      [{ sha256: 'x' }, 400, 'sha256'],
      [{ name: 'bob' }, 409, 'name'],
      [{ name: 'admin' }, 409, 'name'],
      [{ team: 'none' }, 400, 'team'],
      [{ tier: 'none' }, 400, 'tier'],
      [{ expires_at: '2001-01-01' }, 400, 'expires_at'],
      [{ limits: { budget: { day: -5 } } }, 400, 'limits.budget.day'],
      [{ limits: { budget: { dya: 5 } } }, 400, 'limits.budget.dya'],
      [{ limits: { requests_per_minute: 1.5 } }, 400, 'limits.requests_per_minute'],
      [{ version: 'x', owner: 'q' }, 400, 'version'],
    ] as const) {
      const answer = await ask('PATCH', path, change);
      expect([change, answer.status, answer.body.error.param]).toEqual([change, status, param]);
    }
    expect((await ask('GET', path)).text).toBe(before);
  });

  it('tells the later of two who changed the same version, with the present one', async () => {
    const { ask, path } = await start();
    const both = await Promise.all(['x', 'y'].map((owner) => ask('PATCH', path, { owner, version: 1 })));
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 409]);
    const late = both.find(({ status }) => status === 409);
    expect([late?.body.error.code, late?.body.detail]).toEqual(['conflict', { version: 2 }]);
    expect((await ask('PATCH', path, { owner: 'z' }, { 'if-match': '"1"' })).status).toBe(409);
    expect((await ask('DELETE', path, undefined, { 'if-match': '1' })).status).toBe(409);
    expect((await ask('PATCH', path, { owner: 'z' }, { 'if-match': 'x' })).status).toBe(400);
    expect((await ask('PATCH', path, { owner: 'z', version: 1 }, { 'if-match': '"2"' })).status).toBe(400);
    expect((await ask('PATCH', path, { owner: 'z' }, { 'if-match': '"2"' })).body).toMatchObject({
      owner: 'z',
      version: 3,
    });
  });

  it('loses none of several changes at once of different fields', async () => {
    const { ask, path } = await start();
    const changes = [
      { owner: 'new' },
      { team: 'blue' },
      { limits: { budget: { week: 7 } } },
      { limits: { budget: { total: 9 } } },
    ];
    const answers = await Promise.all(changes.map((change) => ask('PATCH', path, change)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect((await ask('GET', path)).body).toMatchObject({
      owner: 'new',
      team: 'blue',
      version: 5,
      limits: { budget: { day: 1.5, week: 7, month: 20, total: 9 } },
    });
  });
});

describe('a key of the file', () => {
  it('is changed in the file only, and says where', async () => {
    const { ask } = await start();
    for (const [method, path, body] of [
      ['PATCH', '/admin/keys/file:admin', { owner: 'x' }],
      ['POST', '/admin/keys/file:admin/disable', {}],
      ['POST', '/admin/keys/file%3Aadmin/rotate', {}],
      ['DELETE', '/admin/keys/file:admin', undefined],
      ['PUT', '/admin/teams/red', {}],
      ['DELETE', '/admin/teams/red?force=true', undefined],
    ] as const) {
      const answer = await ask(method, path, body);
      expect([answer.status, answer.body.error.code]).toEqual([409, 'conflict']);
      expect(answer.body.error.message).toMatch(/HEADRACE_ADMIN_KEY|headrace\.yaml/);
    }
  });
});

describe('a key that may not be used', () => {
  it('is refused at once when disabled, deleted or rotated, and says why to its holder alone', async () => {
    const { ask, path, secret, tryKey, gateway } = await start();
    expect(await tryKey(secret)).toBe('200');
    expect((await ask('POST', `${path}/disable`)).body).toMatchObject({ status: 'disabled', version: 2 });
    expect(await tryKey(secret)).toBe('401 invalid_api_key');
    expect(await (await gateway.get('/v1/models', { authorization: secret })).text()).toContain('disabled');
    expect(await (await gateway.get('/v1/models', { authorization: `${secret}x` })).text()).not.toContain('disabled');
    expect((await ask('POST', `${path}/enable`, { version: 2 })).body).toMatchObject({ status: 'active' });
    expect(await tryKey(secret)).toBe('200');
    const rotated = await ask('POST', `${path}/rotate`);
    expect([await tryKey(secret), await tryKey(rotated.body.secret)]).toEqual(['401 invalid_api_key', '200']);
    expect((await ask('DELETE', path)).status).toBe(204);
    expect(await tryKey(rotated.body.secret)).toBe('401 invalid_api_key');
    for (const [method, end] of [
      ['GET', ''],
      ['PATCH', ''],
      ['DELETE', ''],
      ['POST', '/rotate'],
    ] as const) {
      const answer = await ask(method, path + end, method === 'PATCH' ? { owner: 'x' } : undefined);
      expect([method, answer.status, answer.body.error.code]).toEqual([method, 404, 'not_found']);
    }
  });

  it('has two secrets while it is rotated with an overlap', async () => {
    const { ask, path, secret, tryKey, gateway } = await start();
    const rotated = await ask('POST', `${path}/rotate`, { overlap_seconds: 1.5 });
    expect([await tryKey(secret), await tryKey(rotated.body.secret)]).toEqual(['200', '200']);
    expect(rotated.body.secrets).toEqual([
      expect.objectContaining({ last4: secret.slice(-4), expires_at: expect.any(String) }),
      expect.objectContaining({ last4: rotated.body.secret.slice(-4), expires_at: null }),
    ]);
    await expect.poll(() => tryKey(secret), { timeout: 20_000, interval: 700 }).toBe('401 invalid_api_key');
    expect(await (await gateway.get('/v1/models', { authorization: secret })).text()).toContain('expired');
    expect(await tryKey(rotated.body.secret)).toBe('200');
    for (const overlap of [-1, 1e9, '5', null]) {
      expect((await ask('POST', `${path}/rotate`, { overlap_seconds: overlap })).body.error.param).toBe(
        'overlap_seconds',
      );
    }
  });

  it('is one that has expired', async () => {
    const { ask, create, tryKey } = await start();
    const key = await create({ name: 'short', expires_at: new Date(Date.now() + 1500).toISOString() });
    expect(await tryKey(key.secret)).toBe('200');
    await expect.poll(() => tryKey(key.secret), { timeout: 20_000, interval: 700 }).toBe('401 invalid_api_key');
    expect((await ask('GET', '/admin/keys?status=expired')).body.data).toEqual([
      expect.objectContaining({ id: key.id }),
    ]);
  });
});

it('every change is a line of the log with who, what and which fields, and never a secret or a value', async () => {
  const { ask, path, id, secret, gateway } = await start();
  await ask('PATCH', path, { owner: 'the-new-owner', limits: { requests_per_minute: 2 }, expires_at: null });
  await ask('POST', `${path}/rotate`);
  await ask('PATCH', path, { owner: 5 });
  await ask('PUT', '/admin/tags/t', { tier: 'gold' });
  await ask('DELETE', path);
  const lines = gateway.log().flatMap(({ audit }) => (audit === undefined ? [] : [audit]));
  expect(lines).toEqual([
    expect.objectContaining({ action: 'key.create', by: 'admin', id }),
    { action: 'key.change', by: 'admin', name: 'alice', id, fields: ['owner', 'limits', 'expires_at'] },
    { action: 'key.rotate', by: 'admin', name: 'alice', id },
    { action: 'tag.put', by: 'admin', name: 't', fields: ['tier'] },
    { action: 'key.delete', by: 'admin', name: 'alice', id },
  ]);
  expect(JSON.stringify(lines)).not.toContain(secret);
  expect(JSON.stringify(lines)).not.toContain('the-new-owner');
});
