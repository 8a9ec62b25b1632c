import { type AdminPorts, createAdminHandlers } from './admin/handlers.ts';
import { openLastingServices } from './approaches/lasting-services.ts';
import { Chooser } from './balancing/chooser.ts';
import { HealthRegistry } from './balancing/health-registry.ts';
import type { SlotsSource } from './balancing/slots.ts';
import type { Config } from './config/config.ts';
import { type Deletions, noDeletions, type Package } from './config/deletions.ts';
import type { LoadedConfig } from './config/load.ts';
import type { Sources } from './config/source-files.ts';
import { ConfigWatcher } from './config/watch.ts';
import { GatewayError } from './gateway-error.ts';
import { Degradation } from './http/degradation.ts';
import { createHandlers } from './http/handlers.ts';
import type { WorkerHomes } from './http/idempotency/worker-homes.ts';
import { KeyGuard } from './http/key-guard.ts';
import { Router } from './http/router.ts';
import { type RouteHandlers, routeTable } from './http/routes.ts';
import type { HttpServer, ServerOptions } from './http/server.ts';
import { startServers } from './http/start-servers.ts';
import type { Governor } from './limits/governor.ts';
import type { LeaseAuthority } from './limits/leases/lease-messages.ts';
import type { Limiter } from './limits/limiter.ts';
import { WorkerTokenCounter } from './models/worker-token-counter.ts';
import { type Keys, openKeys } from './open-keys.ts';
import { degradableUsage, type OpenLedger, openLedger } from './open-ledger.ts';
import { degradableLimits, type OpenLimits, openLimits } from './open-limits.ts';
import { createAdmission } from './pipeline/admit-caller.ts';
import { identify } from './pipeline/identify.ts';
import { Reloader, type ReloadState } from './reloader.ts';
import { createRuntime, type Runtime, type Surroundings } from './runtime.ts';
import { openStorage } from './storage/open-storage.ts';
import type { Storage } from './storage/storage.ts';
import { followStorage, withStored } from './stored-deletions.ts';
import type { Log } from './telemetry/log.ts';
import { Metrics, type MetricsPage } from './telemetry/metrics.ts';
import { Recorder } from './telemetry/recorder.ts';
import { Telemetry } from './telemetry/telemetry.ts';

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

/** A running gateway. */
export interface Gateway {
  /** The port that it listens on. */
  readonly port: number;
  readonly metrics: Metrics;
  /** What is in force now. */
  readonly runtime: Runtime;
  /** Reads the files anew, in this process. */
  reload(why: string): Promise<ReloadState>;
  /** Resolves when every reload is done that was asked for before, in this process. */
  settled(): Promise<void>;
  /** Takes a model package away, in this process. */
  deletePackage(found: Package, by: string): Promise<void>;
  /** What was taken away so. */
  readonly deletions: Deletions;
  /** Takes no new requests, lets running ones end within the shutdown timeout, and closes everything. */
  close(): Promise<void>;
  /** Cuts what still runs. */
  cut(): void;
}

/**
 * Puts the rooms together and listens.
 * @throws Error where the address cannot be listened on, or the state cannot be opened
 */
export async function startGateway(config: Config, options: GatewayOptions): Promise<Gateway> {
  const { log } = options;
  const { host, port } = config.settings;
  const counter = new WorkerTokenCounter();
  const metrics = new Metrics();
  const recorder = new Recorder(log, metrics);
  const storage = await openStorage(config.settings.storage, (message) => log.warn({}, message));
  const health = new HealthRegistry(options.slots && { slots: options.slots });
  const lasting = openLastingServices(
    (error) => log.warn({ error: summaryOf(error) }, 'a step behind an answer failed'),
    storage?.strategies,
  );
  const booked = openLedger(storage, config.settings.storage, log);
  const { limiter, limitAuthority: authority } = options;
  const limits = await openLimits(config.settings, { storage, booked, log, env: options.env, limiter, authority });
  const { governor } = limits;
  const admission = createAdmission(governor, storage !== undefined);
  const chooser = new Chooser();
  const surroundings = { log, env: options.env, limiter: limits.limiter, counter, health, chooser, lasting, admission };
  const keys = await openKeys(config, { storage, binder: governor, log });
  const deletions = await withStored(options.deletions ?? noDeletions, storage, log);
  const reloader = createReloader(config, options, surroundings, { storage, keys, deletions });
  const unfollow = followStorage(storage, reloader, log);
  metrics.observeBreakers(() => health.breakerStates());
  metrics.observeConfiguration(() => ({ ok: reloader.state.ok, connectors: reloader.connectorCounts() }));
  metrics.observeUsage(booked && (() => booked.ledger.state));
  metrics.observeLimits(limits.store);
  await booked?.ledger.start();
  await limits.ready();
  const telemetry = await Telemetry.open({ config: () => reloader.runtime.config, env: options.env, log });
  let draining = false;
  const router = createRouter(
    { reloader, keys, metrics, recorder, telemetry, storage, governor, limits, booked, options },
    () => draining,
  );
  const serving: ServerOptions = {
    host,
    port,
    maximumRequestBytes: () => reloader.runtime.config.settings.maxRequestBytes,
    refused: (request, error) => recorder.refused(request, error),
    handle: (exchange) => router.handle(exchange),
  };
  const server = await startServers(serving, options.homes);
  const watcher = options.load && options.sources ? await watchFiles(reloader) : undefined;
  return {
    port: server.port,
    metrics,
    get runtime() {
      return reloader.runtime;
    },
    reload: (why) => reloader.reload(why),
    settled: () => reloader.settled(),
    deletePackage: (found, by) => reloader.deletePackage(found, by),
    get deletions() {
      return reloader.deletions;
    },
    close: async () => {
      draining = true;
      lasting.afterwork.close();
      watcher?.close();
      unfollow();
      const { shutdownTimeoutMs } = reloader.runtime.config.settings;
      const drainedBy = performance.now() + shutdownTimeoutMs;
      await drain(server, shutdownTimeoutMs);
      await Promise.all([reloader.runtime.retire(), counter.close(), telemetry.close()]);
      keys.book.close();
      await limits.close();
      await booked?.close(Math.max(2500, drainedBy - performance.now()));
      await storage?.close();
    },
    cut: () => server.cut(),
  };
}

function createReloader(
  config: Config,
  options: GatewayOptions,
  surroundings: Surroundings,
  parts: { readonly storage: Storage | undefined; readonly keys: Keys; readonly deletions: Deletions },
): Reloader {
  const { sources } = options;
  const unread = { configDir: config.settings.configDir, contents: new Map() };
  return new Reloader(config, {
    load: options.load ?? (async () => ({ problems: [], config, sources: sources ?? unread })),
    create: (next, previous) => {
      const runtime = createRuntime(next, surroundings, previous);
      parts.keys.book.configure(next);
      return runtime;
    },
    log: options.log,
    packages: parts.storage?.packages,
    deletions: parts.deletions,
    sources,
  });
}

function watchFiles(reloader: Reloader): Promise<ConfigWatcher> {
  return ConfigWatcher.start(
    () => reloader.sources,
    () => reloader.refresh('a file changed'),
  );
}

function createRouter(parts: Parts, isDraining: () => boolean): Router {
  const { keys, recorder } = parts;
  const guard = new KeyGuard();
  return new Router(routeTable(createAllHandlers(parts, isDraining)), {
    identify: (exchange) =>
      guard.check(exchange.remoteAddress, () =>
        identify(keys.book, exchange.header('authorization'), exchange.header('x-api-key')),
      ),
    refused: (exchange, error) => recorder.refused(exchange, error),
  });
}

interface Parts {
  readonly reloader: Reloader;
  readonly keys: Keys;
  readonly metrics: Metrics;
  readonly recorder: Recorder;
  readonly telemetry: Telemetry;
  readonly booked: OpenLedger | undefined;
  readonly storage: Storage | undefined;
  readonly governor: Governor;
  readonly limits: OpenLimits;
  readonly options: GatewayOptions;
}

function createAllHandlers(parts: Parts, isDraining: () => boolean): RouteHandlers {
  const { reloader, metrics, recorder, telemetry, booked, options } = parts;
  const degradation = new Degradation([
    ...(booked === undefined ? [] : [degradableUsage(booked.ledger)]),
    ...degradableLimits(parts.limits),
  ]);
  return createHandlers({
    acquire: () => {
      const { runtime } = reloader;
      runtime.acquire();
      return {
        pipeline: runtime.pipeline,
        heartbeatMs: runtime.config.settings.streamHeartbeatMs,
        release: runtime.release,
      };
    },
    catalog: () => reloader.runtime.catalog,
    renderMetrics: () => options.renderMetrics?.(metrics) ?? metrics.render(),
    isDraining,
    degradation,
    degraded: () => degradation.header,
    lastReload: () => reloader.state,
    admin: createAdminHandlers(createAdminPorts(parts)),
    idempotency: {
      settings: () => reloader.runtime.config.settings.idempotency,
      homes: options.homes,
      replayed: (exchange, caller, first, how) => recorder.replayed(exchange.id, caller.name, first, how),
    },
    started: () => recorder.started(),
    watch: (exchange) => telemetry.watch(exchange),
    ended: (record, error, more, caller) => {
      recorder.ended(record, error, more);
      booked?.ledger.add(record, caller);
    },
  });
}

function createAdminPorts({ reloader, keys, storage, governor, options }: Parts): AdminPorts {
  const { everywhere } = options;
  return {
    state: () => ({
      config: reloader.runtime.config,
      written: reloader.written,
      deletions: reloader.deletions,
      lastReload: reloader.state,
      restartNeeded: reloader.restartNeeded,
    }),
    reload: async () => {
      const states = everywhere ? await everywhere.reload() : [await reloader.reload('an admin asked')];
      return states.find((state) => !state.ok) ?? states[0] ?? reloader.state;
    },
    deletePackage: async (found, by) => {
      if (everywhere) await everywhere.deletePackage(found, by);
      else await reloader.deletePackage(found, by);
    },
    keys,
    usage: storage?.usage,
    governor,
    log: options.log,
    replicas: () => Number(options.env.HEADRACE_REPLICAS ?? 1) || 1,
    sharesStorage: storage?.kind === 'postgres',
  };
}

/** Without the words of a backend. */
function summaryOf(error: unknown): string {
  return error instanceof GatewayError ? error.summary : String(error);
}

async function drain(server: HttpServer, timeoutMs: number): Promise<void> {
  const timer = setTimeout(() => server.cut(), timeoutMs);
  await server.drain();
  clearTimeout(timer);
}
