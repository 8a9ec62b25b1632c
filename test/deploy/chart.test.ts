import { beforeAll, describe, expect, it } from 'vitest';
import { startTestGateway } from '../harness/test-gateway.ts';
import { documentProblems } from './kubernetes-document.ts';
import { buildRenderer, canRender, type KubernetesDocument, renderChart } from './render-chart.ts';
import { run } from './tools.ts';

const podOf = (deployment: KubernetesDocument) => deployment.spec.template.spec;

describe.skipIf(!canRender)('the chart as it stands', () => {
  beforeAll(() => {
    buildRenderer();
  }, 180_000);

  it('makes a Deployment, a Service and a ConfigMap that Kubernetes understands', () => {
    const { documents } = renderChart();
    expect(documents.map((document) => document.kind).toSorted()).toEqual(['ConfigMap', 'Deployment', 'Service']);
    expect(documents.flatMap(documentProblems)).toEqual([]);
  });

  it('runs without privileges on a file system that it cannot write', () => {
    const pod = podOf(renderChart().the('Deployment'));
    expect(pod).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false });
    const { runAsUser } = pod.securityContext;
    expect(pod.securityContext).toEqual({
      runAsNonRoot: true,
      runAsUser,
      runAsGroup: runAsUser,
      fsGroup: runAsUser,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(runAsUser).toBeGreaterThan(10_000);
    expect(pod.containers[0].securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(pod.volumes.find((volume: { name: string }) => volume.name === 'temporary')).toHaveProperty('emptyDir');
    expect(pod.containers[0].resources).toMatchObject({ requests: { cpu: '250m' }, limits: { memory: '1Gi' } });
  });

  it('leaves the user to a cluster that chooses it', () => {
    const pod = podOf(
      renderChart('securityContext: {runAsUser: null, runAsGroup: null, fsGroup: null}').the('Deployment'),
    );
    expect(pod.securityContext).toEqual({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
  });

  it('asks for health where the gateway answers', async () => {
    const [container] = podOf(renderChart().the('Deployment')).containers;
    const { startupProbe, livenessProbe, readinessProbe } = container;
    expect(startupProbe.httpGet).toEqual({ path: '/health/live', port: 'http' });
    expect(livenessProbe.httpGet).toEqual({ path: '/health/live', port: 'http' });
    expect(readinessProbe.httpGet).toEqual({ path: '/health/ready', port: 'http' });
    const gateway = await startTestGateway({ env: { HEADRACE_ADMIN_KEY: 'a key of the gateway' } });
    for (const probe of [startupProbe, livenessProbe, readinessProbe]) {
      expect((await gateway.get(probe.httpGet.path)).status).toBe(200);
    }
  });

  it('rolls without a gap, and pauses before the end', () => {
    const deployment = renderChart('preStopPause: 1').the('Deployment');
    expect(deployment.spec.strategy.rollingUpdate).toEqual({ maxUnavailable: 0, maxSurge: 1 });
    const [command, ...args] = podOf(deployment).containers[0].lifecycle.preStop.exec.command;
    expect(command).toBe('node');
    const before = performance.now();
    run(process.execPath, args);
    expect(performance.now() - before).toBeGreaterThan(990);
    expect(podOf(renderChart('preStopPause: 0').the('Deployment')).containers[0].lifecycle).toBeUndefined();
  });

  it.each([
    ['', 620],
    ['shutdownTimeout: 20', 60],
    ['{shutdownTimeout: 100, preStopPause: 30}', 145],
    ['config: {headrace.yaml: "shutdown_timeout: 1800.5"}', 1821],
  ])('lets running requests end within the grace period: %s', (values, seconds) => {
    expect(podOf(renderChart(values).the('Deployment')).terminationGracePeriodSeconds).toBe(seconds);
  });

  it('tells the gateway how many there can be', () => {
    const replicas = (values: string) => {
      const { env } = podOf(renderChart(values).the('Deployment')).containers[0];
      return env.find((one: { name: string }) => one.name === 'HEADRACE_REPLICAS').value;
    };
    expect(replicas('')).toBe('1');
    expect(replicas('replicas: 3')).toBe('3');
    expect(replicas('{replicas: 3, autoscaling: {enabled: true, maxReplicas: 7}}')).toBe('7');
  });

  it('ends every name at 63 characters, and keeps versions out of selectors', () => {
    const release = 'a.release-with-the-longest-name-that-helm-lets-it-be1';
    expect(release).toHaveLength(53);
    const values = '{serviceMonitor: {enabled: true}, nameOverride: a-chart-of-another-name}';
    const { documents, the } = renderChart(values, { release });
    for (const { metadata } of documents) expect(metadata.name).toMatch(/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/);
    expect(documents.flatMap(documentProblems)).toEqual([]);
    const { selector, template } = the('Deployment').spec;
    expect(Object.keys(selector.matchLabels)).toEqual(['app.kubernetes.io/name', 'app.kubernetes.io/instance']);
    expect(template.metadata.labels).toMatchObject(selector.matchLabels);
    expect(the('Service').spec.selector).toEqual(selector.matchLabels);
    expect(the('Service').metadata.labels).toMatchObject(the('ServiceMonitor').spec.selector.matchLabels);
  });

  it('begins the name of a Service with a letter', () => {
    expect(renderChart('', { release: '7days' }).the('Service').metadata.name).toBe('headrace-7days');
    expect(renderChart('', { release: 'headrace' }).the('Service').metadata.name).toBe('headrace');
  });

  it('says in its notes how to try it', () => {
    expect(renderChart().texts['NOTES.txt']).toContain('port-forward service/demo-headrace 8000:8000');
  });
});
