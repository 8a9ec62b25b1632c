import type { MetricsSnapshot } from '../telemetry/metrics.ts';

export interface WorkerListening {
  readonly type: 'worker:listening';
  readonly port: number;
}

export interface MetricsAnswer {
  readonly type: 'metrics:page';
  readonly id: number;
  readonly contentType: string;
  readonly text: string;
}

/** What the processes of `--workers` say to each other, apart from the limits. */
export type ClusterMessage =
  | WorkerListening
  | MetricsAnswer
  | { readonly type: 'metrics:render'; readonly id: number }
  | { readonly type: 'metrics:ask'; readonly id: number }
  | { readonly type: 'metrics:snapshot'; readonly id: number; readonly snapshot: MetricsSnapshot };

export function isClusterMessage(message: unknown): message is ClusterMessage {
  const type = typeof message === 'object' && message !== null ? (message as { type?: unknown }).type : undefined;
  return typeof type === 'string' && (type.startsWith('metrics:') || type === 'worker:listening');
}
