import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { startAdminGateway } from '../../test/harness/admin-client.ts';
import { startTestGateway } from '../../test/harness/test-gateway.ts';

const tiers = 'tiers: {free: {requests_per_minute: 10}}\nteams: {red: {}, blue: {}}\n';

describe('POST /admin/keys', () => {
  it('shows the secret once, and opens the gateway with it', async () => {
    const { ask, tryKey, gateway } = await startAdminGateway({ files: { 'headrace.yaml': tiers } });
    const made = await ask('POST', '/admin/keys', { name: 'alice', team: 'red', tags: ['a', 'a', 'b'], tier: 'free' });
    expect(made.status).toBe(201);
    const { secret, ...key } = made.body;
    expect(secret).toMatch(/^sk-hr-[A-Za-z0-9_-]{43}$/);
    expect(key).toMatchObject({
      name: 'alice',
      team: 'red',
      tags: ['a', 'b'],
      role: 'user',
      status: 'active',
      version: 1,
    });
    expect(key.secrets).toEqual([expect.objectContaining({ last4: secret.slice(-4), expires_at: null })]);
    expect(made.headers.get('cache-control')).toBe('no-store');
    expect(made.headers.get('etag')).toBe('"1"');
    expect(await tryKey(secret)).toBe('200');
    expect((await gateway.get('/admin/keys', { authorization: secret })).status).toBe(403);
    const shown = await ask('GET', `/admin/keys/${key.id}`);
    expect(shown.body).toEqual(key);
    const list = await ask('GET', '/admin/keys');
    const digest = createHash('sha256').update(secret).digest('hex');
    for (const text of [shown.text, list.text, JSON.stringify(gateway.log())]) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(digest);
    }
  });

  it('refuses what is wrong, and names the field', async () => {
    const { ask } = await startAdminGateway({ files: { 'headrace.yaml': tiers } });
    for (const [body, param, message] of [
      [{}, 'name', 'required|must be'],
      [{ name: '' }, 'name', 'must be'],
      [{ name: ' a' }, 'name', 'white space'],
      [{ name: 'a\u0000b' }, 'name', 'control'],
      [{ name: 'a'.repeat(10_000) }, 'name', '10000 characters, and 128'],
      [{ name: 'a', ownr: 'x' }, 'ownr', 'did you mean owner'],
      [{ name: 'a', tags: ['x'.repeat(200)] }, 'tags.0', '128'],
      [{ name: 'a', tags: Array.from({ length: 40 }, (_, index) => `${index}`) }, 'tags', '32 tags'],
      [{ name: 'a', role: 'root' }, 'role', 'admin, user'],
      [{ name: 'a', models: [] }, 'models', 'at least one'],
      [{ name: 'a', team: 'rde' }, 'team', 'did you mean red'],
      [{ name: 'a', tier: 'fre' }, 'tier', 'did you mean free'],
      [{ name: 'a', expires_at: 'tomorrow' }, 'expires_at', 'ISO 8601'],
      [{ name: 'a', expires_at: '2030-02-30' }, 'expires_at', 'ISO 8601'],
      [{ name: 'a', expires_at: '2001-01-01' }, 'expires_at', 'past'],
      [{ name: 'a', limits: { requests_per_minute: -1 } }, 'limits.requests_per_minute', 'whole number'],
      [{ name: 'a', limits: { budget: { day: -1 } } }, 'limits.budget.day', 'number'],
      [{ name: 'a', limits: { budget: { day: 1e300 } } }, 'limits.budget.day', 'number'],
      [
        { name: 'a', limits: { requests_per_mintue: 1 } },
        'limits.requests_per_mintue',
        'did you mean requests_per_minute',
      ],
      ['{"name": "a", "__proto__": {"role": "admin"}}', '__proto__', 'no field'],
    ] as const) {
      const { status, body: answer } = await ask('POST', '/admin/keys', body);
      expect([status, answer.error.code, answer.error.param]).toEqual([400, 'invalid_request', param]);
      expect(answer.error.message).toMatch(new RegExp(message));
    }
    expect((await ask('GET', '/admin/keys')).body.data).toHaveLength(1);
  });

  it('refuses what is no JSON object', async () => {
    const { ask } = await startAdminGateway();
    const codes = ['{', '[]', 'null', '""', ''].map(
      async (body) => (await ask('POST', '/admin/keys', body)).body.error.code,
    );
    expect(await Promise.all(codes)).toEqual(['invalid_json', ...Array(4).fill('invalid_request')]);
  });

  it('takes any text for what it is, and no name twice, those of the file neither', async () => {
    const { ask, create } = await startAdminGateway({
      files: { 'headrace.yaml': 'keys: [{name: filed, key_env_var: FILED}]\n' },
      env: { FILED: 'key-of-the-file-0123' },
    });
    const odd = `%_'";--\\ \u{1f511}{}"DROP TABLE keys`;
    await create({ name: odd, owner: odd, tags: [odd] });
    await create({ name: 'other', owner: 'other' });
    for (const filter of ['name', 'owner', 'tag']) {
      const found = await ask('GET', `/admin/keys?${new URLSearchParams({ [filter]: odd })}`);
      expect(found.body.data.map((key: { name: string }) => key.name)).toEqual([odd]);
      expect((await ask('GET', `/admin/keys?${filter}=%25`)).body.data).toEqual([]);
    }
    for (const name of [odd, 'filed', 'admin']) {
      const { status, body } = await ask('POST', '/admin/keys', { name });
      expect([status, body.error.code, body.error.param]).toEqual([409, 'conflict', 'name']);
    }
  });

  it('says how to have a storage where there is none; keys of the file are shown all the same', async () => {
    const gateway = await startTestGateway({
      files: { 'headrace.yaml': 'storage: {folder: none}\n' },
      env: { HEADRACE_ADMIN_KEY: 'key-of-the-admin-0123' },
    });
    const headers = { authorization: 'key-of-the-admin-0123' };
    const refused = await gateway.post('/admin/keys', { name: 'a' }, headers);
    expect(refused.status).toBe(409);
    expect(await refused.text()).toContain('storage.folder');
    const list = (await (await gateway.get('/admin/keys', headers)).json()) as { data: object[] };
    expect(list.data).toEqual([
      expect.objectContaining({ id: 'file:admin', source: 'environment HEADRACE_ADMIN_KEY', created_at: null }),
    ]);
  });

  it('makes the first key of an open gateway for an admin only', async () => {
    const { ask, gateway } = await startAdminGateway({ env: { HEADRACE_ADMIN_KEY: '' } });
    const refused = await ask('POST', '/admin/keys', { name: 'a' });
    expect([refused.status, refused.body.error.param]).toEqual([409, 'role']);
    const made = await ask('POST', '/admin/keys', { name: 'a', role: 'admin' });
    expect(made.status).toBe(201);
    expect((await gateway.get('/v1/models')).status).toBe(401);
    expect((await gateway.get('/admin/keys', { authorization: made.body.secret })).status).toBe(200);
  });
});

describe('an admin who may use some models', () => {
  it('gives no more than that', async () => {
    const { ask, create } = await startAdminGateway();
    const { secret, id } = await create({ name: 'limited', role: 'admin', models: ['one', 'two'] });
    const { id: whole } = await create({ name: 'whole', role: 'user' });
    const as = { authorization: secret };
    const tries: (readonly [string, string, object])[] = [
      ['POST', '/admin/keys', { name: 'x' }],
      ['POST', '/admin/keys', { name: 'x', models: ['one', 'three'] }],
      ['PATCH', `/admin/keys/${id}`, { models: null }],
      ['PATCH', `/admin/keys/${whole}`, { owner: 'x' }],
      ['POST', `/admin/keys/${whole}/rotate`, {}],
      ['POST', `/admin/keys/${whole}/enable`, {}],
    ];
    for (const [method, path, body] of tries) {
      const answer = await ask(method, path, body, as);
      expect([method, path, answer.status, answer.body.error.code]).toEqual([method, path, 403, 'permission_denied']);
    }
    expect((await ask('POST', '/admin/keys', { name: 'x', models: ['two'], role: 'admin' }, as)).status).toBe(201);
  });
});

describe('GET /admin/keys', () => {
  it('is turned over by cursor, also while keys come and go', async () => {
    const { ask, create } = await startAdminGateway();
    const made = await Promise.all(Array.from({ length: 12 }, (_, index) => create({ name: `k${index + 10}` })));
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page = await ask('GET', `/admin/keys?limit=5${cursor === '' ? '' : `&cursor=${cursor}`}`);
      seen.push(...page.body.data.map((key: { name: string }) => key.name));
      if (cursor === '') await ask('DELETE', `/admin/keys/${made[0]?.id}`);
      cursor = page.body.next_cursor;
    }
    expect(seen).toEqual(['admin', ...Array.from({ length: 12 }, (_, index) => `k${index + 10}`)]);
  });

  it('refuses what is wrong in the query', async () => {
    const { ask } = await startAdminGateway();
    const queries = ['limit=0', 'limit=x', 'limit=1001', 'cursor=zzz', 'stauts=active', 'role=root', 'name=a&name=b'];
    for (const query of queries) {
      const { status, body } = await ask('GET', `/admin/keys?${query}`);
      expect([query, status, body.error.code]).toEqual([query, 400, 'invalid_request']);
      expect(query).toContain(body.error.param);
    }
  });
});
