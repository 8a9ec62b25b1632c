import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { loads } from './loads.ts';
import { MeasuredTarget, type Upstream } from './measured-target.ts';
import { row } from './results.ts';
import type { Target } from './targets.ts';
import { root, type Toolbox } from './toolbox.ts';

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  /** Microseconds, one per sample. */
  readonly timeDeltas: readonly number[];
}

const idle = new Set(['(idle)', '(root)']);
const shown = 40;

/**
 * Puts one load on a Node target that runs under V8's profiler.
 * Returns a Markdown table of the functions with the most time of their own.
 */
export async function profileTarget(target: Target, load: string, toolbox: Toolbox, upstream: Upstream, work: string) {
  const folder = join(work, `profile-${load}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const [node, ...rest] = target.command as readonly [string, ...string[]];
  const command = [node, '--cpu-prof', '--cpu-prof-interval=500', `--cpu-prof-dir=${folder}`, ...rest];
  const measured = await MeasuredTarget.start({ ...target, command }, toolbox, upstream, join(folder, 'profile.log'));
  try {
    const known = loads[load];
    if (known === undefined) throw new Error(`there is no load ${load}`);
    await measured.measure(load, known);
  } finally {
    await measured.stop();
  }
  const profiles = readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'));
  return formatProfile(profiles.map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as CpuProfile));
}

function formatProfile(profiles: readonly CpuProfile[]): string {
  const times = new Map<string, number>();
  let all = 0;
  for (const { nodes, samples, timeDeltas } of profiles) {
    const names = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
    samples.forEach((id, index) => {
      const frame = names.get(id);
      if (frame === undefined || idle.has(frame.functionName)) return;
      const name = `${frame.functionName || '(anonymous)'} | ${shorten(frame.url)}:${frame.lineNumber + 1}`;
      const time = timeDeltas[index] ?? 0;
      times.set(name, (times.get(name) ?? 0) + time);
      all += time;
    });
  }
  const lines = [row(['self %', 'function', 'where']), row(['--:', '---', '---'])];
  const sorted = [...times].sort((one, other) => other[1] - one[1]).slice(0, shown);
  for (const [name, time] of sorted) lines.push(row([((100 * time) / all).toFixed(1), name]));
  return lines.join('\n');
}

function shorten(url: string): string {
  const path = url.replace(/^file:\/\//, '');
  const packages = path.lastIndexOf('node_modules/');
  if (packages >= 0) return path.slice(packages + 'node_modules/'.length);
  return path.startsWith(root) ? path.slice(root.length) : path;
}
