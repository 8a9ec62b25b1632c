import { beforeAll, describe, expect, it } from 'vitest';
import { documentProblems } from './kubernetes-document.ts';
import { buildRenderer, canRender, renderChart } from './render-chart.ts';

const features: Record<string, { kind: string; values: object }> = {
  podDisruptionBudget: { kind: 'PodDisruptionBudget', values: { maxUnavailable: '50%' } },
  autoscaling: { kind: 'HorizontalPodAutoscaler', values: { minReplicas: 3, maxReplicas: 9 } },
  networkPolicy: {
    kind: 'NetworkPolicy',
    values: { from: [{ namespaceSelector: { matchLabels: { team: 'apps' } } }], egressPorts: [443, 8080] },
  },
  serviceMonitor: { kind: 'ServiceMonitor', values: { interval: '15s', labels: { release: 'prometheus' } } },
  ingress: {
    kind: 'Ingress',
    values: { host: 'models.example.com', className: 'nginx', tlsSecretName: 'cert', annotations: { 'a.b/c': 'true' } },
  },
};
const enabled = (name: string, more: object = features[name]?.values ?? {}) => ({ [name]: { ...more, enabled: true } });

describe.skipIf(!canRender)('what the chart makes on request', () => {
  beforeAll(() => {
    buildRenderer();
  }, 180_000);

  it.each(Object.keys(features))('%s alone adds its one document, and off it is not there', (name) => {
    const kinds = (values: object) => renderChart(JSON.stringify(values)).documents.map((document) => document.kind);
    const always = ['ConfigMap', 'Deployment', 'Service'];
    expect(kinds(enabled(name)).toSorted()).toEqual([...always, features[name]?.kind].toSorted());
    expect(kinds({ [name]: { ...features[name]?.values, enabled: false } }).toSorted()).toEqual(always);
    expect(renderChart(JSON.stringify(enabled(name))).documents.flatMap(documentProblems)).toEqual([]);
  });

  it('makes documents that Kubernetes understands, with everything set at once', () => {
    const all = Object.assign({}, ...Object.keys(features).map((name) => enabled(name)));
    const { documents } = renderChart(
      JSON.stringify({
        ...all,
        image: { digest: `sha256:${'a'.repeat(64)}`, pullSecrets: ['registry'] },
        externalApiConnectors: { enabled: true, secretName: 'connectors' },
        config: { 'backends/a/backend.yaml': 'backend_type: openai\n' },
        secretEnv: { OPENAI_API_KEY: { secretName: 'provider-keys', secretKey: 'openai' } },
        env: { HTTPS_PROXY: 'http://proxy:3128' },
        service: { type: 'NodePort', annotations: { 'a/b': 'c' } },
        podLabels: { team: 'models' },
        podAnnotations: { note: 'yes' },
        nodeSelector: { 'kubernetes.io/arch': 'amd64' },
        tolerations: [{ key: 'gpu', operator: 'Exists', effect: 'NoSchedule' }],
        serviceAccountName: 'headrace',
        priorityClassName: 'high',
      }),
    );
    expect(documents.length).toBe(8);
    expect(documents.flatMap(documentProblems)).toEqual([]);
  });

  it('leaves the number of pods to the autoscaler', () => {
    expect(renderChart('replicas: 4').the('Deployment').spec.replicas).toBe(4);
    const chart = renderChart('{replicas: 4, autoscaling: {enabled: true}}');
    expect(chart.the('Deployment').spec).not.toHaveProperty('replicas');
    expect(chart.the('HorizontalPodAutoscaler').spec.scaleTargetRef.name).toBe(chart.the('Deployment').metadata.name);
    expect(() => renderChart('autoscaling: {enabled: true, minReplicas: 6}')).toThrow('minReplicas');
  });

  it('chooses the pods of the Deployment everywhere', () => {
    const chart = renderChart('{podDisruptionBudget: {enabled: true}, networkPolicy: {enabled: true}}');
    const { matchLabels } = chart.the('Deployment').spec.selector;
    expect(chart.the('PodDisruptionBudget').spec.selector).toEqual({ matchLabels });
    expect(chart.the('NetworkPolicy').spec.podSelector).toEqual({ matchLabels });
  });

  it('lets the policy pass requests in, and names and backends out', () => {
    const { spec } = renderChart(JSON.stringify(enabled('networkPolicy'))).the('NetworkPolicy');
    expect(spec.ingress).toEqual([
      {
        ports: [{ port: 'http', protocol: 'TCP' }],
        from: [{ namespaceSelector: { matchLabels: { team: 'apps' } } }],
      },
    ]);
    expect(spec.egress[0].ports).toEqual([
      { port: 53, protocol: 'UDP' },
      { port: 53, protocol: 'TCP' },
      { port: 443, protocol: 'TCP' },
      { port: 8080, protocol: 'TCP' },
    ]);
  });

  it('gives Prometheus the key that the metrics want', () => {
    const chart = renderChart('{serviceMonitor: {enabled: true}, adminKey: {secretName: mine, secretKey: root}}');
    expect(chart.the('ServiceMonitor').spec.endpoints[0]).toMatchObject({
      path: '/metrics',
      authorization: { type: 'Bearer', credentials: { name: 'mine', key: 'root' } },
    });
  });

  it('wants a host for an Ingress', () => {
    expect(() => renderChart('ingress: {enabled: true}')).toThrow('ingress.host is required');
    const { spec } = renderChart(JSON.stringify(enabled('ingress'))).the('Ingress');
    expect(spec.tls).toEqual([{ hosts: ['models.example.com'], secretName: 'cert' }]);
    expect(spec.rules[0].http.paths[0].backend.service).toEqual({ name: 'demo-headrace', port: { name: 'http' } });
  });

  it('takes an image by its digest before its tag', () => {
    const image = (values: string) => renderChart(values).the('Deployment').spec.template.spec.containers[0].image;
    expect(image('image: {repository: r/h, tag: "1.2"}')).toBe('r/h:1.2');
    const digest = `sha256:${'0f'.repeat(32)}`;
    expect(image(`image: {repository: r/h, tag: "1.2", digest: "${digest}"}`)).toBe(`r/h@${digest}`);
  });
});
