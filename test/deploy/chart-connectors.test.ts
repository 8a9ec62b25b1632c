import { beforeAll, describe, expect, it } from 'vitest';
import { documentProblems } from './kubernetes-document.ts';
import { buildRenderer, canRender, type KubernetesDocument, type RenderedChart, renderChart } from './render-chart.ts';

const asOnThePage = `
inference-api:
  externalApiConnectors:
    enabled: true
    secretName: inference-api-external-api-connectors
`;
const atTheTop = `
externalApiConnectors:
  enabled: true
  secretName: inference-api-external-api-connectors
`;

const podOf = (chart: RenderedChart) => chart.the('Deployment').spec.template.spec;
const secretsOf = (chart: RenderedChart) => podOf(chart).volumes.filter((volume: KubernetesDocument) => volume.secret);
const fileOf = (chart: RenderedChart): string | undefined =>
  podOf(chart).containers[0].env.find((one: { name: string }) => one.name === 'EXTERNAL_API_CONNECTORS_FILE')?.value;

describe.skipIf(!canRender)('external API connectors in the chart', () => {
  beforeAll(() => {
    buildRenderer();
  }, 180_000);

  it('mounts the Secret as a folder, and points the gateway at the file in it', () => {
    const chart = renderChart(asOnThePage);
    const key = 'external-api-connectors.toml';
    expect(secretsOf(chart)).toEqual([
      {
        name: 'external-api-connectors',
        secret: {
          secretName: 'inference-api-external-api-connectors',
          defaultMode: 0o440,
          items: [{ key, path: key }],
        },
      },
    ]);
    expect(podOf(chart).containers[0].volumeMounts).toContainEqual({
      name: 'external-api-connectors',
      mountPath: '/etc/headrace/connectors',
      readOnly: true,
    });
    expect(podOf(chart).securityContext.fsGroup).toBeGreaterThan(0);
    expect(fileOf(chart)).toBe('/etc/headrace/connectors/external-api-connectors.toml');
    expect(chart.documents.flatMap(documentProblems)).toEqual([]);
  });

  it('takes both spellings, as a chart of its own and as a part of another', () => {
    expect(renderChart(atTheTop).documents).toEqual(renderChart(asOnThePage).documents);
    const part = renderChart(`${atTheTop}global: {registry: example}\n`, { chartName: 'inference-api' });
    expect(secretsOf(part)).toEqual(secretsOf(renderChart(atTheTop)));
    expect(part.the('Service').metadata.name).toBe('demo-inference-api');
  });

  it('lays the spelling of the page over the other one', () => {
    const names = { secretName: 'below', secretKey: 'models.toml', mountPath: '/etc/other' };
    const below = JSON.stringify({ enabled: true, ...names });
    const chart = renderChart(`${asOnThePage}externalApiConnectors: ${below}`);
    expect(secretsOf(chart)[0].secret.secretName).toBe('inference-api-external-api-connectors');
    expect(fileOf(chart)).toBe('/etc/other/models.toml');
    const off = renderChart(
      `{externalApiConnectors: ${below}, inference-api: {externalApiConnectors: {enabled: false}}}`,
    );
    expect(secretsOf(off)).toEqual([]);
  });

  it('mounts nothing when disabled', () => {
    for (const values of ['', 'externalApiConnectors: {secretName: a}', 'inference-api: {}']) {
      const chart = renderChart(values);
      expect(secretsOf(chart)).toEqual([]);
      expect(fileOf(chart)).toBeUndefined();
    }
  });

  it('ends the rendering when enabled without the name of a Secret', () => {
    for (const values of [
      'externalApiConnectors: {enabled: true}',
      'inference-api: {externalApiConnectors: {enabled: true}}',
    ]) {
      expect(() => renderChart(values)).toThrow('externalApiConnectors.secretName is required');
    }
  });

  it('refuses to mount the Secret into the configuration folder', () => {
    for (const path of ['/etc/headrace/config', '/etc/headrace/config/more']) {
      const values = `externalApiConnectors: {enabled: true, secretName: a, mountPath: ${path}}`;
      expect(() => renderChart(values)).toThrow('mountPath must be a folder of its own');
    }
  });

  it('takes the admin key from a Secret', () => {
    const chart = renderChart('adminKey: {secretName: mine, secretKey: root}');
    expect(podOf(chart).containers[0].env).toContainEqual({
      name: 'HEADRACE_ADMIN_KEY',
      valueFrom: { secretKeyRef: { name: 'mine', key: 'root' } },
    });
    expect(chart.documents.some((document) => document.kind === 'Secret')).toBe(false);
  });
});
