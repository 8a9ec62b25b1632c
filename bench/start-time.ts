import { lstatSync, mkdirSync, readFileSync } from 'node:fs';
import { get } from 'node:http';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OwnedProcess } from './owned-process.ts';
import { median, row } from './results.ts';
import { builtProgram, writeHeadraceConfig } from './targets.ts';
import { findFreePort, programVersion, root } from './toolbox.ts';

interface Way {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const startTimeoutMs = 120_000; // the very first start of a checkout may have to install
const pollMs = 3;

/** How long Headrace takes from being spawned to the first 200 of `/health/ready`, as a Markdown table. */
export async function measureStarts(work: string, times: number): Promise<string> {
  const lines = [row(['start', 'ready after ms (median)', 'slowest ms']), row(['---', '--:', '--:'])];
  for (const way of startWays()) {
    const folder = join(work, 'start');
    mkdirSync(folder, { recursive: true });
    await startOnce(way, folder); // installs what is missing and fills the caches
    const taken: number[] = [];
    for (let time = 0; time < times; time++) taken.push(await startOnce(way, folder));
    lines.push(row([way.name, `${median(taken)?.toFixed(0)}`, Math.max(...taken).toFixed(0)]));
  }
  return lines.join('\n');
}

function startWays(): Way[] {
  const own = process.version;
  // npm says which Node it runs on: the machine's own, which may be older than the one that runs this.
  const machineNode = process.env.npm_node_execpath ?? process.execPath;
  const machinePath = `${dirname(machineNode)}${delimiter}${process.env.PATH ?? ''}`;
  const machineVersion = programVersion(machineNode, ['--version']);
  const compileCache = { NODE_COMPILE_CACHE: join(root, '.tools', 'compile-cache') };
  const ways = [
    { name: `npm start, Node ${machineVersion}`, command: ['npm', 'start', '--'], env: { PATH: machinePath } },
    {
      name: `node src/main.ts, Node ${own}`,
      command: [process.execPath, join(root, 'src', 'main.ts')],
      env: compileCache,
    },
    { name: `built, Node ${own}`, command: [process.execPath, builtProgram], env: { NODE_COMPILE_CACHE: '' } },
  ];
  if (ownsPackages()) return ways;
  console.error('bench: node_modules is no folder of this checkout; the start by npm is left out');
  return ways.slice(1);
}

/**
 * Whether this checkout has packages of its own. Where its node_modules is a link, `npm start` could install into, and
 * so empty, the folder of another checkout.
 */
function ownsPackages(): boolean {
  return lstatSync(join(root, 'node_modules'), { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Returns milliseconds. The configuration is that of the measured gateway; its backend is dead. */
async function startOnce(way: Way, folder: string): Promise<number> {
  const port = await findFreePort();
  const env = { ...way.env, ...writeHeadraceConfig(folder, `127.0.0.1:${await findFreePort()}`) };
  const flags = ['--config-dir', folder, '--port', String(port), '--log-level', 'info'];
  const begun = performance.now();
  const started = new OwnedProcess([...way.command, ...flags], { log: join(folder, 'start.log'), env, cwd: root });
  try {
    while (!(await isReady(port))) {
      const taken = performance.now() - begun;
      if (started.ended || taken > startTimeoutMs) {
        throw new Error(`${way.name}: not ready\n${readFileSync(started.log, 'utf8').slice(-1000)}`);
      }
      await sleep(pollMs);
    }
    return performance.now() - begun;
  } finally {
    await started.stop();
  }
}

function isReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path: '/health/ready', agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('error', () => resolve(false));
  });
}
