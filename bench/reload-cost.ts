import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Gateway } from '../src/gateway.ts';
import { type Change, type ConfigSize, changes, ReloadFolders } from './reload-folders.ts';
import { startInProcess } from './reload-gateway.ts';
import { median, row } from './results.ts';
import { MissingTool } from './toolbox.ts';

const times = 8;
const unusedPort = 9;

/**
 * What a reload costs in processor time, which other processes of the machine hardly change. The gateway runs in this
 * process.
 * @returns a Markdown table
 */
export async function measureReloadCost(size: ConfigSize, work: string): Promise<string> {
  if (typeof process.threadCpuUsage !== 'function') throw new MissingTool('the cost of reloads is measured on Node 24');
  const folders = new ReloadFolders(join(work, 'cost'), size, unusedPort);
  const gateway = await startInProcess(folders.folder);
  const lines = [row(['reload', 'CPU ms', 'longest turn, CPU ms']), row(['---', '--:', '--:'])];
  for (const [name, change] of Object.entries(changes)) {
    const { used, longest } = await measure(gateway, folders, change);
    lines.push(row([name, `${median(used)?.toFixed(0)}`, `${median(longest)?.toFixed(0)}`]));
  }
  await gateway.close();
  return lines.join('\n');
}

async function measure(gateway: Gateway, folders: ReloadFolders, change: Change) {
  const used: number[] = [];
  const longest: number[] = [];
  for (let turn = 0; turn < times; turn++) {
    change(folders, turn);
    const turns = watchTurns();
    const before = process.cpuUsage();
    const { ok, problems } = await gateway.reload('the benchmark');
    const { user, system } = process.cpuUsage(before);
    if (!ok) throw new Error(problems.join('\n'));
    used.push((user + system) / 1000);
    longest.push(await turns.longest());
    await sleep(1000); // the watcher looks meanwhile
  }
  return { used, longest };
}

/** Notes the processor time of this thread between the turns of the event loop, in milliseconds. */
function watchTurns() {
  const now = () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  let last = now();
  let most = 0;
  const tick = () => {
    const time = now();
    most = Math.max(most, time - last);
    last = time;
  };
  const timer = setInterval(tick, 1);
  const longest = async () => {
    await sleep(5); // the turn in which the reload has ended counts as well
    clearInterval(timer);
    return most;
  };
  return { longest };
}
