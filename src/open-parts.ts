import { type LastingServices, openLastingServices } from './approaches/lasting-services.ts';
import { Chooser } from './balancing/chooser.ts';
import { HealthRegistry } from './balancing/health-registry.ts';
import type { Config } from './config/config.ts';
import { type Deletions, noDeletions } from './config/deletions.ts';
import { GatewayError } from './gateway-error.ts';
import type { GatewayOptions } from './gateway-options.ts';
import { WorkerTokenCounter } from './models/worker-token-counter.ts';
import { type Keys, openKeys } from './open-keys.ts';
import { type OpenLedger, openLedger } from './open-ledger.ts';
import { type OpenLimits, openLimits } from './open-limits.ts';
import { createAdmission } from './pipeline/admit-caller.ts';
import { Reloader } from './reloader.ts';
import { createRuntime, type Surroundings } from './runtime.ts';
import { openStorage } from './storage/open-storage.ts';
import type { Storage } from './storage/storage.ts';
import { followStorage, withStored } from './stored-deletions.ts';
import { Metrics } from './telemetry/metrics.ts';
import { Recorder } from './telemetry/recorder.ts';
import { Telemetry } from './telemetry/telemetry.ts';

/** What lives as long as the gateway, and what it serves requests with. */
export interface Parts {
  readonly reloader: Reloader;
  readonly keys: Keys;
  readonly metrics: Metrics;
  readonly recorder: Recorder;
  readonly telemetry: Telemetry;
  readonly booked: OpenLedger | undefined;
  readonly storage: Storage | undefined;
  readonly limits: OpenLimits;
  /** Begins nothing new that nobody waits for. */
  drain(): void;
  /**
   * Closes all of it, when no request runs any more.
   * @param withinMs how long the store may take then for usage that still waits
   */
  close(withinMs: () => number): Promise<void>;
}

/**
 * Opens everything that a gateway is made of, but its ports.
 * @throws Error where the state cannot be opened
 */
export async function openParts(config: Config, options: GatewayOptions): Promise<Parts> {
  const { log, env } = options;
  const metrics = new Metrics();
  const storage = await openStorage(config.settings.storage, (message) => log.warn({}, message));
  const booked = openLedger(storage, config.settings.storage, log);
  const { limiter, limitAuthority: authority } = options;
  const limits = await openLimits(config.settings, { storage, booked, log, env, limiter, authority });
  const surroundings = openSurroundings(options, storage, limits);
  const keys = await openKeys(config, { storage, binder: limits.governor, log });
  const deletions = await withStored(options.deletions ?? noDeletions, storage, log);
  const reloader = createReloader(config, options, surroundings, { storage, keys, deletions });
  const unfollow = followStorage(storage, reloader, log);
  observe(metrics, { reloader, health: surroundings.health, booked, limits });
  await booked?.ledger.start();
  await limits.ready();
  const telemetry = await Telemetry.open({ config: () => reloader.runtime.config, env, log });
  const recorder = new Recorder(log, metrics);
  const parts = { reloader, keys, metrics, recorder, telemetry, booked, storage, limits };
  return {
    ...parts,
    drain: () => {
      surroundings.lasting.afterwork.close();
      unfollow();
    },
    close: async (withinMs) => {
      await Promise.all([reloader.runtime.retire(), surroundings.counter.close(), telemetry.close()]);
      keys.book.close();
      await limits.close();
      await booked?.close(withinMs());
      await storage?.close();
    },
  };
}

function openSurroundings(options: GatewayOptions, storage: Storage | undefined, limits: OpenLimits): Surroundings {
  const { log, env, slots } = options;
  return {
    log,
    env,
    limiter: limits.limiter,
    counter: new WorkerTokenCounter(),
    health: new HealthRegistry(slots && { slots }),
    chooser: new Chooser(),
    lasting: openLasting(options, storage),
    admission: createAdmission(limits.governor, storage !== undefined),
  };
}

function openLasting({ log }: GatewayOptions, storage: Storage | undefined): LastingServices {
  return openLastingServices(
    (error) => log.warn({ error: summaryOf(error) }, 'a step behind an answer failed'),
    storage?.strategies,
  );
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

interface Observed extends Pick<Parts, 'reloader' | 'booked' | 'limits'> {
  readonly health: HealthRegistry;
}

function observe(metrics: Metrics, { reloader, health, booked, limits }: Observed): void {
  metrics.observeBreakers(() => health.breakerStates());
  metrics.observeConfiguration(() => ({ ok: reloader.state.ok, connectors: reloader.connectorCounts() }));
  metrics.observeUsage(booked && (() => booked.ledger.state));
  metrics.observeLimits(limits.store);
}

/** Without the words of a backend. */
function summaryOf(error: unknown): string {
  return error instanceof GatewayError ? error.summary : String(error);
}
