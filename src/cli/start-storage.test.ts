import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCommand } from '../../test/harness/command-line.ts';
import { freePort } from '../../test/harness/real-postgres.ts';
import { writeConfig } from '../../test/harness/test-gateway.ts';

const ready = /listening on http:\/\/127\.0\.0\.1:(\d+)/;
const start = ['start', '--port', '0'];

test('state goes to ./state where nothing else is said, with several processes too', async () => {
  const cwd = await writeConfig({});
  const command = runCommand([...start, '--workers', '2'], { cwd });
  await command.waitFor(ready);
  expect(existsSync(join(cwd, 'state', 'headrace.sqlite'))).toBe(true);
  command.child.kill('SIGTERM');
  expect(await command.exit).toMatchObject({ code: 0 });
});

test('none means nowhere, and the default is no fault where it cannot be made', async () => {
  const off = await writeConfig({ 'config/headrace.yaml': 'storage: {folder: none}\n' });
  await runCommand(start, { cwd: off }).waitFor(ready);
  expect(existsSync(join(off, 'state'))).toBe(false);
  const blocked = await writeConfig({ state: 'a file stands here' });
  const command = runCommand(start, { cwd: blocked });
  await command.waitFor(ready);
  await expect
    .poll(() => command.stdout() + command.stderr())
    .toMatch(/state: cannot be made.*nothing outlives a restart/);
  const asked = await writeConfig({ state: 'a file stands here' });
  const refused = runCommand(start, { cwd: asked, env: { HEADRACE_STORAGE_FOLDER: 'state' } });
  expect(await refused.exit).toMatchObject({ code: 1 });
  expect(refused.stderr()).toMatch(/^headrace: .*state: cannot be made.*storage\.folder/m);
});

test('a damaged state file ends the start with what to do, also where its folder is the default', async () => {
  const cwd = await writeConfig({});
  await mkdir(join(cwd, 'state'));
  const file = join(cwd, 'state', 'headrace.sqlite');
  await writeFile(file, 'not a database at all, but somebody may want it back');
  const command = runCommand(start, { cwd });
  expect(await command.exit).toMatchObject({ code: 1 });
  expect(command.stderr()).toMatch(/^headrace: .*headrace\.sqlite: is no state file, or a damaged one/m);
  expect(await readFile(file, 'utf8')).toContain('somebody may want it back');
});

test('the configuration is shown with where state goes, and never with a password', async () => {
  const cwd = await writeConfig({
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how the file names a variable
    'config/headrace.yaml': 'storage: {url: "postgres://me:${DATABASE_PASSWORD}@127.0.0.1:1/db?sslpassword=hunter3"}\n',
  });
  const env = { DATABASE_PASSWORD: 'hunter2hunter2' };
  const shown = runCommand(['start', '--print-config'], { cwd, env });
  expect(await shown.exit).toMatchObject({ code: 0 });
  expect(shown.stdout()).toMatch(/^storage\.folder = \S+\/state {2}\(default\)$/m);
  expect(shown.stdout()).toMatch(
    /^storage\.url = postgres:\/\/me@127\.0\.0\.1:1\/db {2}\(config\/headrace\.yaml:1:\d+\)$/m,
  );
  expect(shown.stdout() + shown.stderr()).not.toContain('hunter');
  for (const url of ['mysql://me:hunter2hunter2@h/db', 'postgres://me:hunter2hunter2@h', 'hunter2hunter2']) {
    const wrong = runCommand(['check'], { cwd: await writeConfig({}), env: { HEADRACE_STORAGE_URL: url } });
    expect(await wrong.exit).toMatchObject({ code: 1 });
    expect(wrong.stdout() + wrong.stderr()).toMatch(/HEADRACE_STORAGE_URL.*must be the URL of a PostgreSQL database/);
    expect(wrong.stdout() + wrong.stderr()).not.toContain('hunter');
  }
});

test('with the database server away it serves all the same', async () => {
  const url = `postgres://me:hunter2hunter2@127.0.0.1:${await freePort()}/db`;
  const command = runCommand(start, { cwd: await writeConfig({}), env: { HEADRACE_STORAGE_URL: url } });
  const [, port] = await command.waitFor(ready);
  expect((await fetch(`http://127.0.0.1:${port}/health/live`)).status).toBe(200);
  const said = () => command.stdout() + command.stderr();
  await expect.poll(said).toMatch(/postgres:\/\/me@127\.0\.0\.1:\d+\/db: cannot be reached/);
  expect(command.stdout() + command.stderr()).not.toContain('hunter');
  command.child.kill('SIGTERM');
  expect(await command.exit).toMatchObject({ code: 0 });
});
