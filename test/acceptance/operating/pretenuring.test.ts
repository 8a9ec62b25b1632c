import { expect, test } from 'vitest';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { runCommand } from '../../harness/command-line.ts';
import { writeConfig } from '../../harness/test-gateway.ts';
import { chat, chatPath } from '../local-servers/chat.ts';
import { declaring } from './rig.ts';

test('V8 does not decide by the first load which objects of a request are old from the start', async () => {
  const backend = await startFakeBackend([{}]);
  const cwd = await writeConfig({ 'config/backends/b/backend.yaml': declaring(backend.baseUrl, 'm') });
  // Of such decisions it writes a line for each collection in which it thinks about them.
  const node = ['--max-semi-space-size=2', '--trace-gc', '--trace-pretenuring-statistics'];
  const command = runCommand(['start', '--port', '0'], { cwd, node });
  const [, url = ''] = await command.waitFor(/listening on (http:\S+)/);
  const before = command.stdout().length;
  const said = () => command.stdout().slice(before);
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify(chat({ model: 'm' }));
  const ask = async () => (await fetch(url + chatPath, { method: 'POST', headers, body })).text();
  while (said().split(': Scavenge ').length <= 10) await Promise.all(Array.from({ length: 20 }, ask));
  expect(said().split('\n')).not.toContainEqual(expect.stringContaining('pretenuring:'));
});
