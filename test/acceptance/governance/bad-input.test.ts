import { describe, expect, it } from 'vitest';
import { adminSecret } from '../../harness/admin-client.ts';
import { runCommand } from '../../harness/command-line.ts';
import { startTestGateway } from '../../harness/test-gateway.ts';
import { reported } from '../limits/callers.ts';
import { shortChat, startGoverned } from './governed.ts';

/** As it stands in JSON. */
const badBudgets = ['-1', '-0.000000001', '1000000.01', '1e300', '1e999', '"5"', '"NaN"', 'true', '[]', '{}'] as const;
const noJson = ['NaN', 'Infinity', '-Infinity', '0x10', '.5', '1_000'] as const;

describe('a budget', () => {
  it('below 0, beyond a million or of no number is refused in every place, by its name, and changes nothing', async () => {
    const { ask, create } = await startGoverned(() => ({}));
    const { id } = await create({ name: 'alice', limits: { budget: { day: 3 } } });
    await ask('PUT', '/admin/teams/red', { limits: { budget: { month: 4 } } });
    const limits = (period: string, value: string) => `"limits": {"budget": {"${period}": ${value}}}`;
    const each = badBudgets.flatMap((value) =>
      ['day', 'week', 'month', 'total'].map((period) => [period, value] as const),
    );
    for (const [period, value] of each) {
      const answers = [
        await ask('POST', '/admin/keys', `{"name": "bob", ${limits(period, value)}}`),
        await ask('PATCH', `/admin/keys/${id}`, `{${limits(period, value)}}`),
        await ask('PUT', '/admin/teams/red', `{${limits(period, value)}}`),
        await ask('PUT', '/admin/tags/t', `{${limits(period, value)}}`),
      ];
      for (const { status, body } of answers) {
        expect([value, status, body.error?.code]).toEqual([value, 400, 'invalid_request']);
        expect(body.error.param).toBe(`limits.budget.${period}`);
      }
    }
    expect((await ask('GET', `/admin/keys/${id}`)).body.limits).toEqual({ budget: { day: 3 } });
    expect((await ask('GET', '/admin/teams/red')).body.limits).toEqual({ budget: { month: 4 } });
    expect((await ask('GET', '/admin/tags')).body.data).toEqual([]);
    expect((await ask('GET', '/admin/keys')).body.data).toHaveLength(2);
  });

  it('of a number that JSON does not have is no JSON', async () => {
    const { ask } = await startGoverned(() => ({}));
    for (const value of noJson) {
      const { status, body } = await ask(
        'POST',
        '/admin/keys',
        `{"name": "a", "limits": {"budget": {"day": ${value}}}}`,
      );
      expect([value, status, body.error.code]).toEqual([value, 400, 'invalid_json']);
    }
  });

  it('may be 0, a nano-dollar and a million dollars, which are counted to the nano-dollar', async () => {
    const { create, ask, limits, sdk } = await startGoverned(() => ({ usage: reported }));
    await create({ name: 'none', limits: { budget: { day: 0 } } });
    await create({ name: 'least', limits: { budget: { week: 1e-9 } } });
    const { secret } = await create({ name: 'most', limits: { budget: { total: 1_000_000 } } });
    await sdk(secret).chat.completions.create(shortChat);
    const states = await limits();
    expect(states['key:none/cost/day']).toMatchObject({ limit: 0, remaining: 0 });
    expect(states['key:least/cost/week']).toMatchObject({ limit: 1e-9, remaining: 1e-9 });
    expect(states['key:most/cost/total']).toMatchObject({ limit: 1_000_000, used: 0.04, remaining: 999_999.96 });
    expect((await ask('GET', '/admin/keys?name=least')).body.data[0].limits).toEqual({ budget: { week: 1e-9 } });
  });

  it('of the file or of the command line is checked likewise', async () => {
    for (const value of ['-1', '.nan', '.inf', '1e300', '"5"']) {
      const start = startTestGateway({ files: { 'headrace.yaml': `tiers: {free: {budget: {day: ${value}}}}\n` } });
      await expect(start).rejects.toThrow(/headrace\.yaml:1:\d+: tiers\.free\.budget\.day/);
    }
    const { gateway, ask } = await startGoverned(() => ({}));
    for (const value of ['-1', 'NaN', '1e300']) {
      const limits = `{"budget": {"day": ${value}}}`;
      const command = runCommand(['keys', 'create', 'a', '--limits', limits, '--config-dir', gateway.folder], {
        cwd: gateway.folder,
        env: { HEADRACE_ADMIN_KEY: adminSecret },
      });
      expect(await command.exit).toMatchObject({ code: 1 });
      expect(command.stderr()).toMatch(/^headrace: .*limits/);
      expect(command.stdout()).toBe('');
    }
    expect((await ask('GET', '/admin/keys')).body.data).toHaveLength(1);
  });
});

const hostile = [
  `'; DROP TABLE keys; --`,
  `x' OR '1'='1`,
  `" OR ""="`,
  '%',
  '_',
  '%_%',
  'a%',
  '\\',
  '\\%',
  '[a-z]',
  '*',
  '$1',
  '?1',
  ':name',
  '\u{1f511} \u202e\ufeffx',
  'null',
  '{"$gt": ""}',
  '../../etc/passwd',
  '<script>',
  '`id`',
  '=1+1',
  'file:admin',
  '__proto__',
  'constructor',
] as const;

/** Nothing is called that. */
const wildcards = ['__', '?', '.*', '%c', 'ABC', ' ', `' OR 1=1 --`] as const;

describe('any text', () => {
  it('is what it is in every field of keys, teams and tags, and finds itself alone', { timeout: 60_000 }, async () => {
    const { ask, create, tryKey } = await startGoverned(() => ({}));
    const bystander = await create({ name: 'abc', owner: 'abc', tags: ['abc'], models: ['abc'] });
    for (const text of hostile) {
      const path = (kind: string) => `/admin/${kind}s/${encodeURIComponent(text)}`;
      for (const kind of ['team', 'tag']) {
        const put = await ask('PUT', path(kind), { limits: { requests_per_day: 7 } });
        expect([text, put.status, put.body.name]).toEqual([text, 201, text]);
        expect((await ask('GET', path(kind))).body).toEqual(put.body);
      }
      const { id } = await create({ name: text, owner: text, team: text, tags: [text], models: [text] });
      expect((await ask('PATCH', `/admin/keys/${id}`, { owner: `${text}2` })).body.owner).toBe(`${text}2`);
      const back = await ask('PATCH', `/admin/keys/${id}`, { owner: text });
      expect(back.body).toMatchObject({ owner: text, team: text });
    }
    for (const text of hostile) {
      for (const field of ['name', 'owner', 'team', 'tag']) {
        const found = await ask('GET', `/admin/keys?${new URLSearchParams({ [field]: text })}`);
        expect([field, found.body.data.map(({ name }: { name: string }) => name)]).toEqual([field, [text]]);
      }
      const states = await ask('GET', `/admin/limits?${new URLSearchParams({ kind: 'team', name: text })}`);
      expect(states.body.data).toEqual([expect.objectContaining({ level: { kind: 'team', name: text } })]);
    }
    for (const text of wildcards) {
      for (const field of ['name', 'owner', 'team', 'tag']) {
        const { body } = await ask('GET', `/admin/keys?${new URLSearchParams({ [field]: text })}`);
        expect([field, text, body.data]).toEqual([field, text, []]);
      }
    }
    for (const text of hostile) {
      const [key] = (await ask('GET', `/admin/keys?${new URLSearchParams({ name: text })}`)).body.data;
      expect((await ask('DELETE', `/admin/keys/${key.id}`)).status).toBe(204);
      expect((await ask('DELETE', `/admin/teams/${encodeURIComponent(text)}`)).status).toBe(204);
      expect((await ask('DELETE', `/admin/tags/${encodeURIComponent(text)}`)).status).toBe(204);
    }
    const left = (await ask('GET', '/admin/keys')).body.data.map(({ name }: { name: string }) => name);
    expect(left.toSorted()).toEqual(['abc', 'admin']);
    expect(await tryKey(bystander.secret)).toBe('200');
  });

  it('stands for itself in the ids of paths, and in cursors', async () => {
    const { ask, create } = await startGoverned(() => ({}));
    await create({ name: 'abc' });
    for (const text of hostile) {
      const path = `/admin/keys/${encodeURIComponent(text)}`;
      const expected = text === 'file:admin' ? [200, 409, 409, 409] : [404, 404, 404, 404];
      const answers = [
        await ask('GET', path),
        await ask('PATCH', path, { owner: 'x' }),
        await ask('POST', `${path}/rotate`),
        await ask('DELETE', path),
      ];
      expect([text, answers.map(({ status }) => status)]).toEqual([text, expected]);
      for (const list of ['keys', 'teams', 'tags', 'limits', 'usage', 'usage/calls']) {
        const { status, body } = await ask('GET', `/admin/${list}?${new URLSearchParams({ cursor: text })}`);
        expect([list, text, status, body.error?.param]).toEqual([list, text, 400, 'cursor']);
      }
    }
    expect((await ask('GET', '/admin/keys')).body.data).toHaveLength(2);
  });

  it('is found by itself in the ledger, and by no pattern', { timeout: 60_000 }, async () => {
    const { ask, create, sdk, usage } = await startGoverned(() => ({ usage: reported }));
    const texts = [`x' OR '1'='1`, 'a%', 'a_', 'a\\', '=1+1'];
    for (const text of ['abc', ...texts]) {
      await ask('PUT', `/admin/teams/${encodeURIComponent(text)}`, {});
      const { secret } = await create({ name: text, owner: text, team: text, tags: [text] });
      await sdk(secret).chat.completions.create({ ...shortChat, model: `u:${text}` });
    }
    await usage(texts.length + 1);
    for (const list of ['usage?from=2020-01-01&', 'usage/calls?from=2020-01-01&']) {
      const count = async (field: string, text: string) => {
        const { status, body } = await ask('GET', `/admin/${list}${new URLSearchParams({ [field]: text })}`);
        expect([list, field, text, status]).toEqual([list, field, text, 200]);
        return list.startsWith('usage?') ? (body.data[0]?.calls ?? 0) : body.data.length;
      };
      for (const field of ['key', 'owner', 'team', 'tag', 'model', 'asked']) {
        for (const text of texts) {
          expect([list, field, text, await count(field, field === 'asked' ? `u:${text}` : text)]).toEqual([
            list,
            field,
            text,
            1,
          ]);
        }
        for (const text of ['%', 'a', '_', 'a__', '*', `' OR 1=1 --`, 'ABC']) {
          expect([list, field, text, await count(field, text)]).toEqual([list, field, text, 0]);
        }
      }
      for (const field of ['backend', 'outcome']) expect(await count(field, '%')).toBe(0);
      expect(await count('backend', 'u')).toBe(texts.length + 1);
    }
  });
});
