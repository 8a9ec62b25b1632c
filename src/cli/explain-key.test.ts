import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { shortChat, startGoverned } from '../../test/acceptance/governance/governed.ts';
import { reported } from '../../test/acceptance/limits/callers.ts';
import { adminSecret } from '../../test/harness/admin-client.ts';
import { runCommand } from '../../test/harness/command-line.ts';

const settings = {
  tiers: { free: { requests_per_minute: 10, tokens_per_day: 500 } },
  teams: { red: { limits: { budget: { month: 1, total: 0.1 } } } },
  routes: { large: { model: 'u:dear' }, small: { model: 'u:cheap' } },
};

async function start() {
  const governed = await startGoverned(() => ({ usage: reported }), settings);
  const folder = await mkdtemp(join(tmpdir(), 'headrace-explain-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const explain = async (key: string, body: object = shortChat) => {
    await writeFile(join(folder, 'request.json'), JSON.stringify(body));
    const args = ['explain', 'request.json', '--config-dir', governed.gateway.folder, '--key', key];
    const command = runCommand(args, { cwd: folder, env: { HEADRACE_ADMIN_KEY: adminSecret } });
    const { code } = await command.exit;
    return { code, stderr: command.stderr(), lines: command.stdout().split('\n').filter(Boolean) };
  };
  return { ...governed, explain };
}

test('whose key it is, what the call reserves, and how each limit stands after what was used', async () => {
  const { create, sdk, usage, explain, backend } = await start();
  const { id, secret } = await create({ name: 'alice', owner: 'o', team: 'red', tags: ['t'], tier: 'free' });
  await sdk(secret).chat.completions.create(shortChat);
  await usage(1);
  const { code, lines } = await explain('alice');
  expect(lines).toContain('caller: alice, user, owner o, team red, tags t');
  expect(lines.find((line) => line.startsWith('reserves: '))).toMatch(
    /^reserves: 1 request, \d+ tokens, \$0\.\d+: its/,
  );
  const limits = lines.filter((line) => line.startsWith('limit of '));
  expect(limits).toEqual([
    expect.stringMatching(
      /^limit of key "alice": 10 requests per minute: the call takes 1; .*only the running gateway/,
    ),
    expect.stringMatching(
      /^limit of key "alice": 500 tokens per day: holds, 40 are used .*, 460 are left, anew at .*T00:00:00\.000Z; the call takes \d+$/,
    ),
    expect.stringMatching(
      /^limit of team "red": \$1\.00 a month: holds, \$0\.0400 are used .*, \$0\.9600 are left, anew at .*-01T/,
    ),
    expect.stringMatching(
      /^limit of team "red": \$0\.1000 in total: holds, \$0\.0400 are used as far as it is stored, \$0\.0600 are left; the call/,
    ),
  ]);
  expect([code, lines.at(-1)]).toEqual([0, 'result: would be sent']);
  expect((await explain(id)).lines).toContain('caller: alice, user, owner o, team red, tags t');
  expect(backend.posts()).toHaveLength(1);
});

test('the refusal that the client would get, or the cheaper model that the call goes to', async () => {
  const { create, ask, sdk, usage, explain } = await start();
  const { id, secret } = await create({ name: 'alice', team: 'red' });
  const chat = { ...shortChat, model: 'large' };
  for (const _ of [1, 2]) await sdk(secret).chat.completions.create(chat);
  await usage(2);
  const refused = await explain('alice', chat);
  expect(refused.lines).toContainEqual(
    expect.stringMatching(/^limit of team "red": \$0\.1000 in total: broken, \$0\.0800/),
  );
  expect([refused.code, refused.lines.at(-2)]).toEqual([1, 'result: refused with 429 budget_exceeded']);
  expect(JSON.parse(refused.lines.at(-1)?.replace('the client would get: ', '') ?? '').detail.details).toMatchObject({
    level: 'team',
    name: 'red',
    remaining: 0.02e9,
  });
  const change = { limits: { when_spent: { downgrade_to: 'small' } } };
  expect((await ask('PATCH', `/admin/keys/${id}`, change)).status).toBe(200);
  const { code, lines } = await explain('alice', chat);
  expect(code).toBe(0);
  expect(lines).toContainEqual(
    expect.stringMatching(/^downgraded: to "small", which reserves 1 request, \d+ tokens, \$/),
  );
  expect(lines).toContain('candidate 1: backend u, model "cheap": taken, as the first in order');
  const both = await explain('alice', { ...chat, max_tokens: 1_000_000_000 });
  expect(both.lines).toContain('not downgraded: "small" is refused as well');
  expect(both.lines.at(-2)).toBe('result: refused with 429 budget_exceeded');
});

test('a key that is refused, one that may not use the model, one without limits, and none at all', async () => {
  const { create, ask, explain } = await start();
  const { id } = await create({ name: 'alice' });
  await create({ name: 'bob', models: ['small'] });
  await ask('POST', `/admin/keys/${id}/disable`);
  expect((await explain('alice')).lines.at(-2)).toBe('result: refused with 401 invalid_api_key');
  expect((await explain('bob', { ...shortChat, model: 'large' })).lines.at(-2)).toBe(
    'result: refused with 404 model_not_found',
  );
  const admin = await explain('admin');
  expect(admin.lines).toContain('caller: admin, admin');
  expect(admin.lines).toContain('limits of the caller: none');
  const none = await explain('alicf');
  expect([none.code, none.lines]).toEqual([1, []]);
  expect(none.stderr).toContain('headrace: there is no key "alicf" (did you mean alice?)');
});
