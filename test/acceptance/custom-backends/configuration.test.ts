import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { formatProblem } from '../../../src/config/problem.ts';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { startTestGateway, writeConfig } from '../../harness/test-gateway.ts';
import { customYaml, failure, hello, postTo } from './rig.ts';

async function loadPort(sources: { flag?: string; env?: string; file?: string }) {
  const folder = await writeConfig(
    sources.file === undefined ? {} : { 'headrace.yaml': `listen: {port: ${sources.file}}` },
  );
  const flags = { configDir: folder, ...(sources.flag !== undefined && { port: sources.flag }) };
  const env = sources.env === undefined ? {} : { HEADRACE_PORT: sources.env };
  const { config, problems } = await loadConfig({ flags, env, cwd: folder });
  return { port: config?.settings.port, problems: problems.map(formatProblem) };
}

describe('the configuration of custom backends', () => {
  it('takes the port from the flag, then the environment, then the file, then the default', async () => {
    expect((await loadPort({ flag: '7001', env: '7002', file: '7003' })).port).toBe(7001);
    expect((await loadPort({ env: '7002', file: '7003' })).port).toBe(7002);
    expect((await loadPort({ file: '7003' })).port).toBe(7003);
    expect((await loadPort({})).port).toBe(8000);
  });

  it.each([{ flag: '80x' }, { env: '80x' }, { file: '80x' }])(
    'refuses a port that is no number: %j',
    async (source) => {
      const { port, problems } = await loadPort(source);
      expect(port).toBeUndefined();
      expect(problems.join('\n')).toMatch(/port/i);
    },
  );

  it('starts with the good backends where a folder is useless, and warns of each such folder', async () => {
    const backend = await startFakeBackend();
    const gateway = await startTestGateway({
      files: {
        'backends/good/backend.yaml': customYaml(`${backend.url}/v1`),
        'backends/empty/notes.txt': 'nothing',
        'backends/misnamed/backend.yml': customYaml('http://127.0.0.1:9'),
        'backends/.hidden/notes.txt': 'nothing',
      },
    });
    expect(gateway.problems.filter((line) => line.includes('warning:'))).toHaveLength(2);
    expect(gateway.problems.find((line) => line.includes('empty'))).toContain('warning:');
    expect(gateway.problems.find((line) => line.includes('misnamed'))).toContain('backend.yml');
    const answer = await gateway.post('/v1/chat/completions', { ...hello, model: 'good:m' });
    expect(answer.status).toBe(200);
  });

  it.each(['my backend', 'a:b', '-a', 'ä'])('refuses a folder called %j, quoting it', async (name) => {
    const folder = await writeConfig({
      [`backends/${name}/backend.yaml`]: customYaml('http://127.0.0.1:9/v1'),
      'backends/other/backend.yaml': customYaml('http://127.0.0.1:9/v1', 'max_retry: 1'),
    });
    const { config, problems } = await loadConfig({ flags: { configDir: folder }, env: {}, cwd: folder });
    const lines = problems.map(formatProblem);
    expect(config).toBeUndefined();
    expect(lines).toHaveLength(2);
    expect(lines.join('\n')).toContain(`"${name}"`);
    expect(lines.join('\n')).toContain('max_retries');
  });

  it.each([
    ['unset', {}],
    ['empty', { MY_KEY: '' }],
    ['blank', { MY_KEY: ' \n' }],
  ])('answers 503 for a backend whose key variable is %s, and serves the others', async (_how, env) => {
    const backend = await startFakeBackend();
    const gateway = await startTestGateway({
      files: {
        'backends/keyed/backend.yaml': customYaml(`${backend.url}/v1`, 'api_key_env_var: MY_KEY'),
        'backends/open/backend.yaml': customYaml(`${backend.url}/v1`),
      },
      flags: { defaultBackend: 'keyed' },
      env,
    });
    expect(gateway.problems.join('\n')).toContain('MY_KEY');
    const url = `${gateway.url}/v1/chat/completions`;
    for (const model of ['keyed:m', 'm']) {
      const answer = await postTo(url, { ...hello, model });
      const { status, error } = failure(answer);
      expect([status, error.code]).toEqual([503, 'backend_unavailable']);
      expect(error.message).toContain('MY_KEY');
      expect(answer.headers['x-headrace-attempts']).toBeUndefined();
    }
    expect(backend.posts()).toHaveLength(0);
    expect((await postTo(url, { ...hello, model: 'open:m' })).status).toBe(200);
  });
});
