import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { settingSources } from '../../src/config/setting-sources.ts';
import { version } from '../../src/version.ts';
import { startTestGateway } from '../harness/test-gateway.ts';
import { nodeExitCode } from './tools.ts';

const folder = fileURLToPath(new URL('../../deploy/compose', import.meta.url));
const text = await readFile(`${folder}/compose.yaml`, 'utf8');
const parsed = parseDocument(text);
const compose = parsed.toJS();
const { headrace, redis, postgres } = compose.services;
const example = async (name: string) => parseEnv(await readFile(`${folder}/${name}`, 'utf8'));

describe('the compose file', () => {
  it('is YAML in which nothing stands twice', () => {
    expect([...parsed.errors, ...parsed.warnings]).toEqual([]);
    expect(Object.keys(compose.services)).toEqual(['headrace', 'redis', 'postgres']);
  });

  it('runs the gateway alone, unless storage is asked for', () => {
    expect(headrace.profiles).toBeUndefined();
    expect([redis.profiles, postgres.profiles]).toEqual([['storage'], ['storage']]);
    expect(headrace.image).toBe(`headrace:${version}`);
  });

  it('asks each service for its health', async () => {
    for (const service of [headrace, redis, postgres]) expect(service.healthcheck.test[0]).toBe('CMD');
    const [, command, ...args] = headrace.healthcheck.test;
    const gateway = await startTestGateway();
    const asking = (url: string) => args.map((word: string) => word.replace('http://127.0.0.1:8000', url));
    expect(asking('x')).not.toEqual(args);
    expect(command).toBe('node');
    expect(await nodeExitCode(asking(gateway.url))).toBe(0);
    expect(await nodeExitCode(asking('http://127.0.0.1:1'))).toBe(1);
  });

  it('holds no key, and publishes on loopback only', () => {
    expect(headrace.env_file).toBe('headrace.env');
    expect(headrace.ports).toEqual([expect.stringContaining(':-127.0.0.1:8000}:8000')]);
    expect(text.match(/\$\{[^}]*\}/g)).toEqual([expect.stringContaining('HEADRACE_PUBLISHED_ADDRESS:-')]);
    expect(redis.ports ?? postgres.ports).toBeUndefined();
  });

  it('sets variables that the gateway knows, and its examples leave every key empty', async () => {
    const known = Object.values(settingSources).flatMap((setting) => setting.variables ?? []);
    for (const name of Object.keys(headrace.environment)) expect(known).toContain(name);
    const keys = await example('headrace.env.example');
    expect(keys).toEqual({ HEADRACE_ADMIN_KEY: '', OPENAI_API_KEY: '' });
    expect(await example('postgres.env.example')).toEqual({ POSTGRES_PASSWORD: '' });
    expect(await readFile(`${folder}/.gitignore`, 'utf8')).toContain('\n*.env\n');
  });

  it('starts with the keys alone: the configuration that comes with it is good', async () => {
    expect(headrace.volumes).toEqual(['./config:/etc/headrace/config:ro', 'state:/etc/headrace/state']);
    const env = { ...headrace.environment, HEADRACE_ADMIN_KEY: 'a key of the gateway', OPENAI_API_KEY: 'a key' };
    const { config, problems } = await loadConfig({ flags: {}, env, cwd: folder });
    expect(problems.map(formatProblem)).toEqual([]);
    expect([...(config?.backends.keys() ?? [])]).toContain('openai');
    expect(config?.settings.shutdownTimeoutMs).toBeLessThan(Number.parseInt(headrace.stop_grace_period, 10) * 1000);
  });

  it('takes the privileges of the gateway away', () => {
    expect(headrace).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
  });
});
