import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { version } from '../../src/version.ts';
import { documentProblems } from './kubernetes-document.ts';
import { buildRenderer, canRender, renderChart } from './render-chart.ts';
import { findTool, hasTool, run } from './tools.ts';

const page = await readFile(new URL('../../deploy/README.md', import.meta.url), 'utf8');
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))].map(([, text = '']) => text);
const commands = blocks('sh').flatMap((text) => text.replaceAll('\\\n', '').trim().split('\n'));
const canUseKubectl = hasTool(findTool('kubectl'), 'kubectl (tests of the commands that make Secrets)');

describe('the page about deployment', () => {
  beforeAll(() => {
    if (canRender) buildRenderer();
  }, 180_000);

  it.skipIf(!canRender)('has values that the chart takes', () => {
    expect(blocks('yaml').length).toBe(2);
    for (const values of blocks('yaml')) expect(renderChart(values).documents.flatMap(documentProblems)).toEqual([]);
  });

  it.skipIf(!canUseKubectl)('has commands that make the Secrets of the chart', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'headrace-page-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await writeFile(join(folder, 'secret-external-api-connectors.toml'), '# a file\n');
    const made = commands.filter((command) => command.startsWith('kubectl create secret'));
    const env = { HOME: folder, KUBECONFIG: join(folder, 'none'), OPENAI_API_KEY: 'a key' };
    const secrets = made.map((command) =>
      parse(run('sh', ['-c', `cd ${folder} && ${command} --dry-run=client -o yaml`], env)),
    );
    expect(secrets.map(({ metadata, data }) => [metadata.name, Object.keys(data)])).toEqual([
      ['headrace-keys', ['admin-key']],
      ['provider-keys', ['openai']],
      ['inference-api-external-api-connectors', ['external-api-connectors.toml']],
    ]);
    expect(Buffer.from(secrets[0].data['admin-key'], 'base64').toString()).toMatch(/^[0-9a-f]{64}$/);
  });

  it.skipIf(!canRender)('names the objects of the chart', () => {
    const { metadata } = renderChart('', { release: 'headrace' }).the('Deployment');
    expect(commands).toContain(`kubectl rollout restart deployment/${metadata.name}`);
  });

  it('names files that are there, and the version of the package', async () => {
    const named = page.match(/\bdeploy\/[\w./-]+\.(?:example|service)|\bdeploy\/container\/Containerfile/g) ?? [];
    expect(named.length).toBeGreaterThan(2);
    for (const name of named) await readFile(fileURLToPath(new URL(`../../${name}`, import.meta.url)));
    for (const [found] of page.matchAll(/headrace[:-]\d+\.\d+\.\d+/g)) expect(found.slice(9)).toBe(version);
  });
});
