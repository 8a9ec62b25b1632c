import { cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { startTestGateway } from '../harness/test-gateway.ts';
import { execForm, readContainerFile } from './container-file.ts';
import { nodeExitCode, run } from './tools.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const stages = readContainerFile(await readFile(join(root, 'deploy/container/Containerfile'), 'utf8'));
const [build, final] = stages;
const named = (name: string) => final?.instructions.filter((instruction) => instruction.name === name) ?? [];

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'headrace-image-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

describe('the container file', () => {
  it('builds in one stage, and ships another on the same base', () => {
    expect(stages.map(({ from, alias }) => [from, alias])).toEqual([
      ['node:24-slim', 'build'],
      ['node:24-slim', undefined],
    ]);
  });

  it('runs as a user above 10000, the one of the chart, and needs no shell', async () => {
    const [, uid] = /^(\d+):\1$/.exec(named('USER')[0]?.text ?? '') ?? [];
    const values = parse(await readFile(join(root, 'deploy/helm/headrace/values.yaml'), 'utf8'));
    expect(Number(uid)).toBeGreaterThan(10_000);
    expect(values.securityContext).toEqual({ runAsUser: Number(uid), runAsGroup: Number(uid), fsGroup: Number(uid) });
    for (const name of ['RUN', 'SHELL', 'ADD', 'CMD']) expect(named(name), name).toEqual([]);
    expect(execForm(final, 'ENTRYPOINT')).toEqual([
      'node',
      '--max-semi-space-size=16',
      '--v8-pool-size=1',
      '/app/dist/main.js',
    ]);
  });

  it('starts Node as the command line of the package does', async () => {
    const first = (await readFile(join(root, 'bin/headrace.cjs'), 'utf8')).split('\n')[0] ?? '';
    const options = execForm(final, 'ENTRYPOINT').filter((word) => word.startsWith('--'));
    expect(first).toBe(`#!/usr/bin/env -S node ${options.join(' ')}`);
  });

  it('says by its health check whether the gateway answers', async () => {
    const [command, ...args] = execForm(final, 'HEALTHCHECK');
    expect(command).toBe('node');
    const { gateway } = await startTestGateway();
    expect(await nodeExitCode(args, { HEADRACE_PORT: String(gateway.port) })).toBe(0);
    expect(await nodeExitCode(args, { PORT: String(gateway.port) })).toBe(0);
    expect(await nodeExitCode(args, { HEADRACE_PORT: '1', PORT: String(gateway.port) })).toBe(1);
  });

  it('copies what it names, and what .dockerignore lets through is enough to run', async () => {
    const ignore = (await readFile(join(root, '.dockerignore'), 'utf8'))
      .split('\n')
      .filter((line) => !/^(#|$)/.test(line));
    expect([ignore[0], ignore.at(-1)]).toEqual(['*', '**/*.test.ts']);
    const passed = ignore.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    const app = await temporaryFolder();
    const copied: string[] = [];
    for (const stage of stages) {
      for (const { name, text } of stage.instructions) {
        if (name === 'COPY' && !text.includes('--from=')) copied.push(...text.split(/\s+/).slice(0, -1));
      }
    }
    expect(copied.toSorted()).toEqual(passed.toSorted());
    for (const name of copied) {
      await cp(join(root, name), join(app, name), { recursive: true, filter: (path) => !path.endsWith('.test.ts') });
    }
    await symlink(join(root, 'node_modules'), join(app, 'node_modules'));
    expect(build?.instructions).toContainEqual({ name: 'RUN', text: 'node scripts/build.ts' });
    run(process.execPath, [join(app, 'scripts/build.ts')]);
    for (const { text } of named('COPY').filter(({ text }) => text.startsWith('--from='))) {
      expect(text).toMatch(/^--from=build (\/app\/(package\.json|node_modules|dist)) \1$/);
    }
    const words = execForm(final, 'ENTRYPOINT').map((word) => word.replace('/app/', `${app}/`));
    const empty = await temporaryFolder();
    const env = { HEADRACE_HOST: '0.0.0.0', HEADRACE_ADMIN_KEY: 'a key of the gateway', HEADRACE_CONFIG_DIR: empty };
    expect(run(process.execPath, [...words.slice(1), 'check'], env)).toContain('the configuration is good');
  }, 120_000);
});
