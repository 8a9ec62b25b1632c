import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endProcess } from './end-process.ts';
import { sayMissing } from './missing-program.ts';
import { freePort } from './real-postgres.ts';

/** One series of an answer: its labels, and its value now. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A Prometheus server of this process' own, on a free port, which asks one address for metrics twice a second. */
export interface RealPrometheus {
  /**
   * @param expression PromQL
   * @throws Error with what Prometheus says of a wrong one
   */
  query(expression: string): Promise<readonly Sample[]>;
  /** The values that a label has among the series chosen. */
  labelValues(label: string, chosen: string): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/**
 * Whether it is installed; that it is not is said.
 * @throws Error where it is not and this is a continuous integration, which has to have it
 */
export function hasPrometheus(): boolean {
  if (spawnSync('prometheus', ['--version'], { stdio: 'ignore' }).status === 0) return true;
  sayMissing('Prometheus', 'prometheus');
  return false;
}

/**
 * @param target host and port of what has `/metrics`
 * @param key which it wants for that
 */
export async function startPrometheus(target: string, key: string): Promise<RealPrometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'headrace-prometheus-'));
  const port = await freePort();
  const file = join(folder, 'prometheus.yml');
  const authorization = { credentials: key };
  const scrape = { job_name: 'headrace', authorization, static_configs: [{ targets: [target] }] };
  const every = { scrape_interval: '500ms', scrape_timeout: '500ms' };
  writeFileSync(file, JSON.stringify({ global: every, scrape_configs: [scrape] }));
  const flags = [`--config.file=${file}`, `--storage.tsdb.path=${folder}`, `--web.listen-address=127.0.0.1:${port}`];
  const child = spawn('prometheus', [...flags, '--log.level=error'], { stdio: 'ignore' });
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; !(await isReady(url)); tries++) {
    if (tries > 200 || child.exitCode !== null) throw new Error('prometheus did not start');
    await sleep(50);
  }
  return {
    query: async (expression) => {
      const result = await ask(`${url}/api/v1/query?${new URLSearchParams({ query: expression })}`);
      const { result: series } = result as { result: { metric: Record<string, string>; value: [number, string] }[] };
      return series.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
    },
    labelValues: async (label, chosen) => {
      const values = await ask(`${url}/api/v1/label/${label}/values?${new URLSearchParams({ 'match[]': chosen })}`);
      return values as string[];
    },
    stop: async () => {
      await endProcess(child, 'SIGKILL'); // it has nothing to save
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/-/ready`)).ok;
  } catch {
    return false;
  }
}

async function ask(url: string): Promise<unknown> {
  const answer = (await (await fetch(url)).json()) as { data?: unknown; error?: string };
  if (answer.error !== undefined) throw new Error(answer.error);
  return answer.data;
}
