import { type AdminPorts, createAdminHandlers } from './admin/handlers.ts';
import type { GatewayOptions } from './gateway-options.ts';
import { replicasOf } from './gateway-options.ts';
import { Degradation } from './http/degradation.ts';
import { createHandlers } from './http/handlers.ts';
import { KeyGuard } from './http/key-guard.ts';
import { Router } from './http/router.ts';
import { type RouteHandlers, routeTable } from './http/routes.ts';
import { degradableUsage } from './open-ledger.ts';
import { degradableLimits } from './open-limits.ts';
import type { Parts } from './open-parts.ts';
import { identify } from './pipeline/identify.ts';

/** What answers the requests of a gateway. */
export function createRouter(parts: Parts, options: GatewayOptions, isDraining: () => boolean): Router {
  const { keys, recorder } = parts;
  const guard = new KeyGuard();
  return new Router(routeTable(createAllHandlers(parts, options, isDraining)), {
    identify: (exchange) =>
      guard.check(exchange.remoteAddress, () =>
        identify(keys.book, exchange.header('authorization'), exchange.header('x-api-key')),
      ),
    refused: (exchange, error) => recorder.refused(exchange, error),
  });
}

function createAllHandlers(parts: Parts, options: GatewayOptions, isDraining: () => boolean): RouteHandlers {
  const { reloader, metrics, recorder, telemetry, booked } = parts;
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
    admin: createAdminHandlers(createAdminPorts(parts, options)),
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

function createAdminPorts({ reloader, keys, storage, limits }: Parts, options: GatewayOptions): AdminPorts {
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
    governor: limits.governor,
    log: options.log,
    replicas: () => replicasOf(options.env),
    sharesStorage: storage?.kind === 'postgres',
  };
}
