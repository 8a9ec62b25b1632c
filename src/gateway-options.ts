import type { SlotsSource } from './balancing/slots.ts';
import type { Deletions, Package } from './config/deletions.ts';
import type { LoadedConfig } from './config/load.ts';
import type { Sources } from './config/source-files.ts';
import type { WorkerHomes } from './http/idempotency/worker-homes.ts';
import type { LeaseAuthority } from './limits/leases/lease-messages.ts';
import type { Limiter } from './limits/limiter.ts';
import type { ReloadState } from './reloader.ts';
import type { Log } from './telemetry/log.ts';
import type { Metrics, MetricsPage } from './telemetry/metrics.ts';

export interface GatewayOptions {
  readonly log: Log;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads and checks the configuration anew; without it there is no reload. */
  readonly load?: () => Promise<LoadedConfig>;
  /** What the configuration was read from. With it and `load`, changed files take effect by themselves. */
  readonly sources?: Sources;
  /** Where several processes share the limits; its own otherwise. */
  readonly limiter?: Limiter;
  /** Divides the limits of callers among the processes of this machine; none: this is the only one. */
  readonly limitAuthority?: LeaseAuthority;
  /** Where several processes share the places of backends; its own otherwise. */
  readonly slots?: SlotsSource;
  /** Where several processes share the page of metrics. */
  readonly renderMetrics?: (own: Metrics) => Promise<MetricsPage>;
  /** Where several processes serve: does something in each of them. */
  readonly everywhere?: Everywhere;
  /** What is deleted already, in the other processes that serve. */
  readonly deletions?: Deletions;
  /** Where several processes serve: which of them an `Idempotency-Key` is at home at. */
  readonly homes?: WorkerHomes;
}

/** What is to be done in every process that serves with the same configuration. Rejects where one did not do it. */
export interface Everywhere {
  /** @returns how it went in each */
  reload(): Promise<readonly ReloadState[]>;
  deletePackage(found: Package, by: string): Promise<void>;
}

/** How many machines serve, as whoever deploys them says; 1 where nobody does. */
export function replicasOf({ HEADRACE_REPLICAS }: GatewayOptions['env']): number {
  return Number(HEADRACE_REPLICAS ?? 1) || 1;
}
