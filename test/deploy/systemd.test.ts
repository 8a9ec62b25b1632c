import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { runCommand } from '../harness/command-line.ts';
import { findTool, hasTool, run } from './tools.ts';

const unit = await readFile(new URL('../../deploy/systemd/headrace.service', import.meta.url), 'utf8');
const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const analyze = findTool('systemd-analyze');
const canAnalyze = hasTool(analyze, 'systemd-analyze (two tests of the unit)', 'replaced');

/** The settings of a unit: for each `Section.Name` its values. */
function settings(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  let section = '';
  for (const line of unit.split('\n').filter((text) => !/^(#|$)/.test(text))) {
    const [, header, name, value = ''] = /^\[(\w+)\]$|^(\w+)=(.*)$/.exec(line) ?? [];
    if (header === undefined && name === undefined) throw new Error(`no line of a unit: ${line}`);
    if (header !== undefined) section = header;
    else found.set(`${section}.${name}`, [...(found.get(`${section}.${name}`) ?? []), value]);
  }
  return found;
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'headrace-unit-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** systemd-analyze over the unit, with a Node that is there. */
async function analyzeUnit(...args: string[]): Promise<string> {
  const file = join(await temporaryFolder(), 'headrace.service');
  await writeFile(file, unit.replaceAll('/usr/bin/node', process.execPath));
  const { stdout, stderr, status } = spawnSync(analyze ?? '', [...args, file], { encoding: 'utf8' });
  return `${stdout}${stderr}${status === 0 ? '' : `exit code ${status}`}`;
}

describe('the systemd unit', () => {
  const only = (name: string) => {
    const values = settings().get(`Service.${name}`) ?? [];
    expect(values, name).toHaveLength(1);
    return values[0];
  };

  it.skipIf(!canAnalyze)('is one that systemd understands', async () => {
    expect(await analyzeUnit('verify', '--man=no')).toBe('');
  });

  it.skipIf(!canAnalyze)('leaves little to attack', async () => {
    const [, exposure] = /exposure level for \S+: ([\d.]+)/.exec(await analyzeUnit('security', '--offline=true')) ?? [];
    expect(Number(exposure)).toBeLessThanOrEqual(2);
  });

  it('has no user of its own, cannot write, and starts again after a failure', () => {
    expect(only('DynamicUser')).toBe('yes');
    expect(only('ProtectSystem')).toBe('strict');
    expect(only('NoNewPrivileges')).toBe('yes');
    expect(only('Restart')).toBe('on-failure');
    expect(settings().has('Service.MemoryDenyWriteExecute')).toBe(false);
  });

  it('runs the gateway with the keys of its credential', async () => {
    const [id, source] = only('LoadCredential')?.split(':') ?? [];
    expect(source).toBe('/etc/headrace/headrace.env');
    const folder = await temporaryFolder();
    await writeFile(join(folder, id ?? ''), 'HEADRACE_ADMIN_KEY="a key of the gateway"\nHEADRACE_HOST=0.0.0.0\n');
    const words = (only('ExecStart') ?? '').replaceAll('%d', folder).split(' ');
    expect(words[0]).toBe('/usr/bin/node');
    const here = words
      .slice(1)
      .map((word) => word.replace(/^.*\/dist\/main\.js$/, main).replace('/etc/headrace/config', folder));
    expect(here).toContain('start');
    const checked = here.map((word) => (word === 'start' ? 'check' : word));
    expect(run(process.execPath, checked)).toContain('the configuration is good');
  });

  it('gives running requests the time that the gateway gives them', async () => {
    const folder = await temporaryFolder();
    const { config } = await loadConfig({ flags: { configDir: folder }, env: {}, cwd: folder });
    expect(Number(only('TimeoutStopSec')) * 1000).toBeGreaterThan(config?.settings.shutdownTimeoutMs ?? Infinity);
  });

  it('reloads by a program that is there', async () => {
    const gateway = runCommand(['start', '--port', '0'], { cwd: await temporaryFolder() });
    const [, url] = await gateway.waitFor(/(http:\/\/127\.0\.0\.1:\d+)/);
    const [, script = ''] = /^\/usr\/bin\/node -e "([^"]*)"$/.exec(only('ExecReload') ?? '') ?? [];
    run(process.execPath, ['-e', script], { MAINPID: String(gateway.child.pid) });
    await expect.poll(gateway.stderr, { timeout: 20_000 }).toContain('"why":"SIGHUP"');
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
  });
});
