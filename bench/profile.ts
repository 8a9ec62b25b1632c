import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { loads } from './loads.ts';
import { MeasuredTarget, type Upstream } from './measured-target.ts';
import { row } from './results.ts';
import type { Target } from './targets.ts';
import { root, type Toolbox } from './toolbox.ts';

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
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
  const functions = new Map<string, number>();
  const parts = new Map<string, number>();
  let all = 0;
  for (const profile of profiles) {
    const places = locate(profile.nodes);
    profile.samples.forEach((id, index) => {
      const place = places.get(id);
      if (place === undefined) return;
      const time = profile.timeDeltas[index] ?? 0;
      functions.set(place.name, (functions.get(place.name) ?? 0) + time);
      parts.set(place.part, (parts.get(place.part) ?? 0) + time);
      all += time;
    });
  }
  const functionTable = formatShares(['self %', 'function', 'where'], functions, all);
  return `${formatShares(['self %', 'part'], parts, all)}\n\n${functionTable}`;
}

function formatShares(columns: readonly string[], times: ReadonlyMap<string, number>, all: number): string {
  const lines = [row(columns), row(columns.map((_, index) => (index === 0 ? '--:' : '---')))];
  const sorted = [...times].toSorted((one, other) => other[1] - one[1]).slice(0, shown);
  for (const [name, time] of sorted) lines.push(row([((100 * time) / all).toFixed(1), name]));
  return lines.join('\n');
}

/** Where each node of a profile is. Native code has no place of its own and takes that of its caller. */
function locate(nodes: readonly ProfileNode[]): Map<number, { readonly name: string; readonly part: string }> {
  const parents = new Map<number, ProfileNode>();
  for (const node of nodes) for (const child of node.children ?? []) parents.set(child, node);
  const places = new Map<number, { name: string; part: string }>();
  for (const node of nodes) {
    const { functionName } = node.callFrame;
    if (idle.has(functionName)) continue;
    let placed: ProfileNode | undefined = node;
    while (placed !== undefined && placed.callFrame.url === '') placed = parents.get(placed.id);
    const name = functionName || '(anonymous)';
    if (placed === undefined) {
      places.set(node.id, { name: `${name} | `, part: name });
      continue;
    }
    const where = `${shorten(placed.callFrame.url)}:${placed.callFrame.lineNumber + 1}`;
    const caller = placed === node ? '' : ` < ${placed.callFrame.functionName || '(anonymous)'}`;
    places.set(node.id, { name: `${name}${caller} | ${where}`, part: partOf(placed.callFrame.url) });
  }
  return places;
}

/** A package, a folder of the built code, or Node itself. */
function partOf(url: string): string {
  if (url.startsWith('node:')) return 'node';
  if (url.startsWith('wasm:')) return "undici's parser (wasm)";
  const path = shorten(url);
  return path.startsWith('dist/') ? path.split('/').slice(0, -1).join('/') : (path.split('/')[0] as string);
}

function shorten(url: string): string {
  const path = url.replace(/^file:\/\//, '');
  const packages = path.lastIndexOf('node_modules/');
  if (packages >= 0) return path.slice(packages + 'node_modules/'.length);
  return path.startsWith(root) ? path.slice(root.length).replace(/^\//, '') : path;
}
