import { describe, expect, it } from 'vitest';
import { runCommand } from '../../test/harness/command-line.ts';
import { startTestGateway, writeConfig } from '../../test/harness/test-gateway.ts';

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function folderWith(settings = ''): Promise<string> {
  return writeConfig({
    'headrace.yaml': `storage: {folder: state}\ntiers: {free: {requests_per_day: 5}}\n${settings}`,
  });
}

/** `headrace keys ARGUMENTS` with the configuration of a folder. */
async function keys(folder: string, ...args: string[]): Promise<Ended> {
  const command = runCommand(['keys', ...args, '--config-dir', folder], { cwd: folder });
  const { code } = await command.exit;
  return { code, stdout: command.stdout(), stderr: command.stderr() };
}

async function json(folder: string, ...args: string[]) {
  const { code, stdout, stderr } = await keys(folder, ...args, '--json');
  expect([args, code, stderr.replace(/this is the secret.*\n/, '')]).toEqual([args, 0, '']);
  return JSON.parse(stdout);
}

describe('headrace keys', () => {
  it('makes keys that a running gateway knows, and takes them away again', async () => {
    const folder = await folderWith();
    const gateway = await startTestGateway({
      flags: { configDir: folder },
      env: { HEADRACE_ADMIN_KEY: 'key-of-the-admin-0123' },
    });
    const made = await keys(folder, 'create', 'alice', '--role', 'admin', '--tier', 'free', '--tag', 'a', '--tag', 'b');
    expect([made.code, made.stdout]).toEqual([0, expect.stringMatching(/^sk-hr-[A-Za-z0-9_-]{43}\n$/)]);
    expect(made.stderr).not.toContain(made.stdout.trim());
    const status = async (key: string) => {
      const answer = await gateway.get('/admin/keys', { authorization: key });
      return answer.status === 429 ? 401 : answer.status; // refused, and too often within a minute
    };
    const secret = made.stdout.trim();
    await expect.poll(() => status(secret), { timeout: 20_000, interval: 700 }).toBe(200);
    const shown = await json(folder, 'show', 'alice');
    expect(shown).toMatchObject({ name: 'alice', role: 'admin', tier: 'free', tags: ['a', 'b'], status: 'active' });
    const list = await keys(folder, 'list');
    expect(list.stdout).toContain(shown.id);
    expect(list.stdout + JSON.stringify(shown)).not.toContain(secret);
    const rotated = await json(folder, 'rotate', 'alice', '--overlap', '600');
    await expect.poll(() => status(rotated.secret), { timeout: 20_000, interval: 700 }).toBe(200);
    expect(await status(secret)).toBe(200);
    expect(await json(folder, 'disable', shown.id)).toMatchObject({ status: 'disabled' });
    await expect.poll(() => status(secret), { timeout: 20_000, interval: 700 }).toBe(401);
    expect(await json(folder, 'enable', shown.id)).toMatchObject({ status: 'active' });
    await expect.poll(() => status(secret), { timeout: 20_000, interval: 700 }).toBe(200);
    expect(await json(folder, 'delete', 'alice')).toEqual({ deleted: shown.id });
    await expect.poll(() => status(secret), { timeout: 20_000, interval: 700 }).toBe(401);
  });

  it('makes teams and tags', async () => {
    const folder = await folderWith('teams: {filed: {}}\n');
    const set = await json(folder, 'teams', 'set', 'red', '--limits', '{"budget": {"day": 2}}', '--tier', 'free');
    expect(set).toMatchObject({ object: 'team', name: 'red', tier: 'free', limits: { budget: { day: 2 } } });
    await json(folder, 'create', 'root', '--role', 'admin', '--team', 'red');
    expect((await keys(folder, 'teams', 'list')).stdout).toMatch(/red +free +\{"budget":\{"day":2\}\} +1 +storage/);
    const refused = await keys(folder, 'teams', 'delete', 'red');
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('1 keys')]);
    expect(await json(folder, 'teams', 'delete', 'red', '--force')).toEqual({ deleted: 'red' });
    await json(folder, 'tags', 'set', 'a b');
    expect((await json(folder, 'tags', 'list')).map(({ name }: { name: string }) => name)).toEqual(['a b']);
  });

  it('says what is wrong, and ends with 1', async () => {
    const folder = await folderWith();
    await json(folder, 'create', 'root', '--role', 'admin');
    for (const [args, said] of [
      [['create', 'root'], 'is the name of another key'],
      [['create', 'x', '--tier', 'fre'], 'did you mean free'],
      [['create', 'x', '--limits', '{'], 'must be JSON'],
      [['create', 'x', '--limits', '{"requests": 1}'], 'unknown field'],
      [['show', 'nobody'], 'no key'],
      [['rotate', 'root', '--overlap', 'x'], 'seconds'],
    ] as const) {
      const { code, stdout, stderr } = await keys(folder, ...args);
      expect([args, code, stdout]).toEqual([args, 1, '']);
      expect(stderr).toContain(said);
    }
    expect(await json(folder, 'list')).toHaveLength(1);
    const without = await writeConfig({ 'headrace.yaml': 'storage: {folder: none}\n' });
    expect(await keys(without, 'list')).toMatchObject({ code: 1, stderr: expect.stringContaining('storage.folder') });
  });
});
