import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Measurement } from './measured-target.ts';
import { OwnedProcess } from './owned-process.ts';
import { type Change, type ConfigSize, changes, ReloadFolders } from './reload-folders.ts';
import { median, row } from './results.ts';
import { builtProgram, nodeOptions } from './targets.ts';
import { findFreePort, type Toolbox } from './toolbox.ts';

/** How large the configuration is, and how the load. */
export interface ReloadSize extends ConfigSize {
  /** Requests a second. */
  readonly rate: number;
  /** Of each measurement. */
  readonly seconds: number;
}

interface Site {
  readonly size: ReloadSize;
  readonly toolbox: Toolbox;
  readonly folders: ReloadFolders;
  readonly port: number;
}

const gatewayCore = 0;
const loadCore = 1;
const mockDelayMs = 20;
/** Between two reloads. */
const restMs = 700;
const startTimeoutMs = 30_000;

/**
 * Puts a steady load on a gateway with many backends, without reloads and with some.
 * @returns a Markdown table
 */
export async function measureReloadLatency(size: ReloadSize, toolbox: Toolbox, work: string): Promise<string> {
  const [port, upstreamPort] = [await findFreePort(), await findFreePort()];
  const folders = new ReloadFolders(join(work, 'latency'), size, upstreamPort);
  const site = { size, toolbox, folders, port };
  const mock = new OwnedProcess([toolbox.mock, String(upstreamPort)], {
    log: '/dev/null',
    core: loadCore,
    env: { DELAY_US: String(mockDelayMs * 1000) },
  });
  const flags = ['start', '--config-dir', folders.folder, '--port', String(port), '--log-level', 'warn'];
  const gateway = new OwnedProcess([process.execPath, ...nodeOptions, builtProgram, ...flags], {
    log: join(work, 'gateway.log'),
    core: gatewayCore,
  });
  try {
    await untilReady(site, gateway);
    await load(site, 2); // warms up
    return await measureAll(site);
  } finally {
    await gateway.stop();
    await mock.stop();
  }
}

async function measureAll(site: Site): Promise<string> {
  const columns = [
    'meanwhile',
    'reloads',
    'reload ms',
    'slowest',
    'p50 ms',
    'p99 ms',
    'max ms',
    'max / usual p99',
    'bad',
  ];
  const lines = [row(columns), row(columns.map((_, index) => (index === 0 ? '---' : '--:')))];
  const usual = await load(site, site.size.seconds);
  lines.push(formatLine('no reload', [], usual, usual));
  for (const [name, change] of Object.entries(changes)) {
    const { measured, taken } = await loadWhileReloading(site, change);
    lines.push(formatLine(name, taken, measured, usual));
  }
  return lines.join('\n');
}

function formatLine(name: string, taken: readonly number[], measured: Measurement, usual: Measurement): string {
  const ms = (microseconds: number) => (microseconds / 1000).toFixed(1);
  const { p50, p99, max } = measured.lat_us;
  const times = taken.length === 0 ? ['-', '-'] : [`${median(taken)?.toFixed(0)}`, Math.max(...taken).toFixed(0)];
  const ratio = (max / usual.lat_us.p99).toFixed(2);
  return row([
    name,
    `${taken.length}`,
    ...times,
    ms(p50),
    ms(p99),
    ms(max),
    ratio,
    `${measured.errs + measured.non200}`,
  ]);
}

async function untilReady({ port }: Site, gateway: OwnedProcess): Promise<void> {
  const end = performance.now() + startTimeoutMs;
  while (!gateway.ended && performance.now() < end) {
    const answer = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => undefined); // it may not listen yet
    if (answer?.status === 200) return;
    await sleep(20);
  }
  throw new Error(`the gateway is not ready:\n${readFileSync(gateway.log, 'utf8').slice(-1000)}`);
}

/** Requests for a model that the default backend takes, each timed from when it was due. */
async function load(site: Site, seconds: number): Promise<Measurement> {
  const { toolbox, port, size } = site;
  const body = join(toolbox.bodies, 'delay.json');
  const args = ['-p', port, '-c', 64, '-d', seconds, '-w', 0.5, '-b', body, '-n', 'reload', '-r', size.rate];
  const command = ['-c', String(loadCore), toolbox.load, ...args.map(String)];
  const { stdout } = await promisify(execFile)('taskset', command, { timeout: (seconds + 60) * 1000 });
  return JSON.parse(stdout) as Measurement;
}

async function loadWhileReloading(site: Site, change: Change) {
  const taken: number[] = [];
  let running = true;
  const loading = load(site, site.size.seconds).finally(() => {
    running = false;
  });
  for (let turn = 0; running; turn++) {
    await sleep(restMs);
    change(site.folders, turn);
    const from = performance.now();
    const answer = await fetch(`http://127.0.0.1:${site.port}/admin/reload`, { method: 'POST' });
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`a reload was refused: ${text}`);
    taken.push(performance.now() - from);
  }
  return { measured: await loading, taken };
}
