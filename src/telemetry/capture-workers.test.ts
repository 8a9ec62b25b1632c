import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startFakeBackend } from '../../test/fake-backend/fake-backend.ts';
import { readCapture } from '../../test/harness/capture-rig.ts';
import { runCommand } from '../../test/harness/command-line.ts';
import { backendYaml, writeConfig } from '../../test/harness/test-gateway.ts';

const calls = 60;

/** Makes calls over connections of their own, so that they spread over the workers, and ends the program. */
async function capture(settings: string): Promise<string> {
  const backend = await startFakeBackend([{}]);
  const cwd = await writeConfig({
    'config/backends/a/backend.yaml': backendYaml(backend.baseUrl),
    'config/headrace.yaml': `telemetry: {capture: {folder: captured${settings}}}`,
  });
  const command = runCommand(['start', '--port', '0', '--workers', '2'], { cwd });
  const [, url = ''] = await command.waitFor(/listening on (http:\S+)/);
  for (let from = 0; from < calls; from += 10) {
    const answers = Array.from({ length: 10 }, (_, index) =>
      fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', connection: 'close' },
        body: JSON.stringify({ model: 'a:m', messages: [{ role: 'user', content: 'hello' }], seed: from + index }),
      }),
    );
    for (const answer of await Promise.all(answers)) expect(answer.status).toBe(200);
  }
  command.child.kill('SIGTERM');
  await command.exit;
  return join(cwd, 'config', 'captured');
}

function readSeeds(folder: string): number[] {
  return readCapture(folder).map((line) => line.request.json.seed);
}

it('each of several workers writes files of its own, and together they hold every exchange once', {
  timeout: 60_000,
}, async () => {
  const folder = await capture('');
  const seeds = readSeeds(folder);
  expect(seeds.toSorted((one, other) => one - other)).toEqual(Array.from({ length: calls }, (_, index) => index));
  const processes = new Set(readdirSync(folder).map((name) => name.split('-').at(-2)));
  expect(processes.size).toBe(2);
});

it('several workers keep the number of files of the folder, and each file whole', { timeout: 60_000 }, async () => {
  const folder = await capture(', max_bytes: 4096, max_files: 3');
  const names = readdirSync(folder);
  expect(names.length).toBeLessThanOrEqual(3);
  for (const name of names) expect(statSync(join(folder, name)).size).toBeLessThanOrEqual(4096);
  const seeds = readSeeds(folder);
  expect(seeds.length).toBeGreaterThan(0);
  expect(new Set(seeds).size).toBe(seeds.length);
});
