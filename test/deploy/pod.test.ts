import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { documentProblems } from './kubernetes-document.ts';
import { type MountedPod, mountPod } from './mount-pod.ts';
import { buildRenderer, canRender, type RenderedChart, renderChart } from './render-chart.ts';
import { findTool, hasTool } from './tools.ts';

const kubectl = findTool('kubectl');
const canUseKubectl = hasTool(kubectl, 'kubectl (tests of the Secret)');

const secretName = 'inference-api-external-api-connectors';
const keys = { 'headrace-keys': { 'admin-key': 'canary-of-the-admin' } };
const onThePage = `inference-api: {externalApiConnectors: {enabled: true, secretName: ${secretName}}}`;
const connectorsFile = Buffer.from(`# ä \u{1f30a}\r
[openai]
base_url = "https://api.openai.com/v1"
api_key = "canary-of-openai"
[openai.o3]
internal = "o3-mini-do-not-use"
external = "o3-mini"
[openai.gpt4]
internal = "gpt-4o-do-not-use"
external = "gpt-4o-2024-11-20"
[provider2]
base_url = "https://example.com/second/v7"
api_key = "canary-of-provider2"
[provider2.deepseek]
internal = "deepseek-example"
external = "deepseek-r1"`);

/** The Secret that the page's command makes of a file, as a document. */
async function makeSecret(content: Buffer) {
  const folder = await mkdtemp(join(tmpdir(), 'headrace-secret-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'secret-external-api-connectors.toml'), content);
  const from = '--from-file=external-api-connectors.toml=./secret-external-api-connectors.toml';
  const args = ['create', 'secret', 'generic', secretName, from, '--dry-run=client', '-o', 'yaml'];
  // No configuration of a cluster, since none is to be asked.
  const env = { PATH: process.env.PATH ?? '', HOME: folder, KUBECONFIG: join(folder, 'none') };
  const { status, stdout, stderr } = spawnSync(kubectl ?? '', args, { cwd: folder, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return parse(stdout);
}

/** Loads the configuration as the gateway does in a pod of this chart. */
async function loadIn(chart: RenderedChart, secrets: Record<string, Record<string, string | Buffer>>) {
  const map = chart.the('ConfigMap');
  const pod: MountedPod = await mountPod(
    chart.the('Deployment').spec.template.spec,
    { [map.metadata.name]: map.data },
    secrets,
  );
  const { config, problems } = await loadConfig({ flags: {}, env: pod.env, cwd: pod.root });
  return { config, problems: problems.map(formatProblem), ...pod };
}

describe.skipIf(!canUseKubectl)('the Secret of the connectors', () => {
  it('is the file, byte for byte', async () => {
    const secret = await makeSecret(connectorsFile);
    expect(documentProblems({ ...secret, metadata: { name: secret.metadata.name } })).toEqual([]);
    expect(secret.metadata.name).toBe(secretName);
    expect(Buffer.from(secret.data['external-api-connectors.toml'], 'base64')).toEqual(connectorsFile);
  });

  it.skipIf(!canRender)('is loaded by the gateway in a pod of the chart', async () => {
    const secret = await makeSecret(connectorsFile);
    const content = Buffer.from(secret.data['external-api-connectors.toml'], 'base64');
    const { config, problems } = await loadIn(renderChart(onThePage), {
      ...keys,
      [secretName]: { 'external-api-connectors.toml': content },
    });
    expect(problems).toEqual([]);
    expect([...(config?.connectors.keys() ?? [])]).toEqual([
      'o3-mini-do-not-use',
      'gpt-4o-do-not-use',
      'deepseek-example',
    ]);
  });
});

describe.skipIf(!canRender)('a pod of the chart', () => {
  beforeAll(() => {
    buildRenderer();
  }, 180_000);

  it('has a configuration that loads, beyond loopback and with its key', async () => {
    const { config, problems } = await loadIn(renderChart(), keys);
    expect(problems).toEqual([]);
    expect(config?.settings).toMatchObject({ host: '0.0.0.0', port: 8000, shutdownTimeoutMs: 600_000 });
    expect(config?.keys.map((key) => [key.name, key.role])).toEqual([['admin', 'admin']]);
  });

  it('has the files of `config` in their folders, as they were written', async () => {
    const settings = `# mine\ndefault_backend: b.c_d\nlisten: {host: 127.0.0.1, port: 1}\nlog_level: "\${LEVEL:-warn}"`;
    const backend = (name: string) => `backend_type: openai\napi_key_env_var: ${name}\n`;
    const values = JSON.stringify({
      config: {
        'headrace.yaml': settings,
        'backends/a/backend.yaml': backend('KEY_A'),
        'backends/b.c_d/backend.yaml': backend('KEY_B'),
      },
      secretEnv: { KEY_A: { secretName: 'p', secretKey: 'a' }, KEY_B: { secretName: 'p', secretKey: 'b' } },
      env: { LEVEL: 'error' },
    });
    const { config, problems } = await loadIn(renderChart(values), { ...keys, p: { a: 'key-a', b: 'key-b' } });
    expect(problems).toEqual([]);
    // Probes and Service know one port, so the variables of the chart win.
    expect(config?.settings).toMatchObject({
      host: '0.0.0.0',
      port: 8000,
      defaultBackend: 'b.c_d',
      logLevel: 'error',
      shutdownTimeoutMs: 600_000,
    });
    expect([...(config?.backends.keys() ?? [])]).toEqual(['a', 'b.c_d']);
  });

  it('keeps files apart whose paths differ by a slash only', async () => {
    const { data } = renderChart(
      JSON.stringify({ config: { 'backends/a/b_backend.yaml': 'one', 'backends/a_b/backend.yaml': 'two' } }),
    ).the('ConfigMap');
    expect(data).toMatchObject({ 'backends__a__b_backend.yaml': 'one', 'backends__a_b__backend.yaml': 'two' });
    for (const key of Object.keys(data)) expect(key).toMatch(/^[-._a-zA-Z0-9]{1,253}$/);
  });

  it('keeps a shutdown_timeout of your own, and adds one nowhere else', async () => {
    const own = await loadIn(renderChart('config: {headrace.yaml: "shutdown_timeout: 40\\n"}'), keys);
    expect(own.config?.settings.shutdownTimeoutMs).toBe(40_000);
    for (const [text, problem] of [
      ['{log_level: warn}', 'no line can be added'],
      ['log_level: warn\n---\n', 'no line can be added'],
      ['- log_level', 'is no YAML mapping'],
      ['a: [', 'is no YAML mapping'],
      [`shutdown_timeout: \${SECONDS}`, 'must be a number'],
    ] as const) {
      expect(() => renderChart(JSON.stringify({ config: { 'headrace.yaml': text } })), text).toThrow(problem);
    }
  });

  it('is rolled when the configuration changes', () => {
    const digest = (values: string) => renderChart(values).the('Deployment').spec.template.metadata.annotations;
    expect(digest('')).toEqual(digest('replicas: 3'));
    expect(digest('')).not.toEqual(digest('config: {headrace.yaml: "log_level: warn"}'));
  });

  it('does not start without the Secret that it names', async () => {
    await expect(loadIn(renderChart(), {})).rejects.toThrow('CreateContainerConfigError');
    await expect(loadIn(renderChart(onThePage), keys)).rejects.toThrow('FailedMount');
    await expect(loadIn(renderChart(onThePage), { ...keys, [secretName]: { 'other.toml': '' } })).rejects.toThrow(
      'no entry external-api-connectors.toml',
    );
  });

  it('does not have a variable set twice', () => {
    const values = 'env: {LEVEL: warn}\nsecretEnv: {LEVEL: {secretName: a, secretKey: b}}';
    expect(() => renderChart(values)).toThrow('LEVEL stands in env and in secretEnv');
  });
});
