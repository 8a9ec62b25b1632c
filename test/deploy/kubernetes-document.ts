import { ServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import { Deployment } from 'kubernetes-models/apps/v1';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import { Ingress, NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { ConfigMap, Secret, Service } from 'kubernetes-models/v1';
import type { KubernetesDocument } from './render-chart.ts';

const models: Record<string, new (document: never) => { validate(): void }> = {
  'v1 ConfigMap': ConfigMap,
  'v1 Secret': Secret,
  'v1 Service': Service,
  'apps/v1 Deployment': Deployment,
  'autoscaling/v2 HorizontalPodAutoscaler': HorizontalPodAutoscaler,
  'monitoring.coreos.com/v1 ServiceMonitor': ServiceMonitor,
  'networking.k8s.io/v1 Ingress': Ingress,
  'networking.k8s.io/v1 NetworkPolicy': NetworkPolicy,
  'policy/v1 PodDisruptionBudget': PodDisruptionBudget,
};

/**
 * Everything that is wrong with a document: what its model says, and fields that the model does not know, which it
 * passes over silently. They are found as those that it never looked at.
 */
export function documentProblems(document: KubernetesDocument): string[] {
  const kind = `${document.apiVersion} ${document.kind}`;
  const Model = models[kind];
  if (Model === undefined) return [`${kind} is no kind that this chart makes`];
  const unseen = new Set<string>();
  const model = new Model(document as never);
  // Only now, since the constructor copies what it gets.
  for (const [name, field] of Object.entries(document))
    Object.assign(model, { [name]: watch(field, `${kind}.${name}`, unseen) });
  try {
    model.validate();
  } catch (error) {
    return [`${kind}: ${(error as Error).message}`];
  }
  return [...unseen].map((path) => `${path}: unknown field`);
}

/** The same data; each field's path stays in `unseen` until somebody reads the field. */
function watch(value: unknown, path: string, unseen: Set<string>): unknown {
  if (Array.isArray(value)) return value.map((entry, index) => watch(entry, `${path}[${index}]`, unseen));
  if (value === null || typeof value !== 'object') return value;
  const watched = {};
  for (const [name, field] of Object.entries(value)) {
    const fieldPath = `${path}.${name}`;
    const inside = watch(field, fieldPath, unseen);
    unseen.add(fieldPath);
    Object.defineProperty(watched, name, {
      enumerable: true,
      get: () => {
        unseen.delete(fieldPath);
        return inside;
      },
    });
  }
  return watched;
}
