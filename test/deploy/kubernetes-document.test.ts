import { describe, expect, it } from 'vitest';
import { documentProblems } from './kubernetes-document.ts';

const deployment = (container: object, spec: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'a', labels: { 'any/label': 'x' } },
  spec: {
    selector: { matchLabels: { a: 'b' } },
    template: {
      metadata: { labels: { a: 'b' } },
      spec: { containers: [{ name: 'c', image: 'i', resources: { limits: { memory: '1Gi' } }, ...container }] },
    },
    ...spec,
  },
});

describe('what is said about a document', () => {
  it('is nothing for a good one', () => {
    expect(documentProblems(deployment({}))).toEqual([]);
  });

  it('is the path of a value that is wrong', () => {
    expect(documentProblems(deployment({}, { replicas: 'two' }))).toEqual([
      'apps/v1 Deployment: data/spec/replicas must be integer',
    ]);
  });

  it('is the path of a field that Kubernetes does not know', () => {
    expect(documentProblems(deployment({ livenesProbe: {} }))).toEqual([
      'apps/v1 Deployment.spec.template.spec.containers[0].livenesProbe: unknown field',
    ]);
  });
});
