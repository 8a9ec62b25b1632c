import { gatewayOperations } from '../admin/gateway-operations.ts';
import { groupOperations } from '../admin/group-operations.ts';
import { keyOperations } from '../admin/key-operations.ts';
import type { AdminHandler } from '../admin/operation.ts';
import { usageOperations } from '../admin/usage-operations.ts';
import { protocols } from '../protocols/registry.ts';
import type { Caller } from '../types/caller.ts';
import type { Protocol } from '../types/protocol.ts';
import type { Exchange, HttpRoute } from './exchange.ts';

export interface RouteHandlers {
  call(exchange: Exchange, caller: Caller, protocol: Protocol): Promise<unknown>;
  listModels(exchange: Exchange, caller: Caller): Promise<void>;
  getModel(exchange: Exchange, caller: Caller, rest: string): Promise<void>;
  health(exchange: Exchange): void;
  live(exchange: Exchange): void;
  ready(exchange: Exchange): void;
  metrics(exchange: Exchange): Promise<void>;
  adminConfig(exchange: Exchange): void;
  adminConnectors(exchange: Exchange): void;
  adminReload(exchange: Exchange): Promise<void>;
  deletePackage(exchange: Exchange, caller: Caller, rest: string): Promise<void>;
  /** The rest of the admin API, by the names of its operations. */
  readonly admin: Readonly<Record<keyof typeof routedOperations, AdminHandler>>;
}

/** What the admin API does by routes that are written from its own table. */
const routedOperations = {
  getOpenApi: gatewayOperations.getOpenApi,
  ...keyOperations,
  ...groupOperations,
  ...usageOperations,
};

/** Every route and the role it needs. */
export function routeTable(handlers: RouteHandlers): HttpRoute[] {
  return [
    ...protocols.flatMap((protocol) =>
      ['/v1', ''].map(
        (prefix): HttpRoute => ({
          method: 'POST',
          path: prefix + protocol.path,
          role: 'user',
          handle: (exchange, caller) => handlers.call(exchange, caller, protocol),
        }),
      ),
    ),
    { method: 'GET', path: '/v1/models', role: 'user', handle: handlers.listModels },
    { method: 'GET', path: '/v1/models/', role: 'user', handle: handlers.getModel },
    { method: 'GET', path: '/health', role: 'open', handle: handlers.health },
    { method: 'GET', path: '/health/live', role: 'open', handle: handlers.live },
    { method: 'GET', path: '/health/ready', role: 'open', handle: handlers.ready },
    { method: 'GET', path: '/metrics', role: 'admin', handle: handlers.metrics },
    { method: 'GET', path: '/admin/config', role: 'admin', handle: handlers.adminConfig },
    { method: 'GET', path: '/admin/connectors', role: 'admin', handle: handlers.adminConnectors },
    { method: 'POST', path: '/admin/reload', role: 'admin', handle: handlers.adminReload },
    { method: 'DELETE', path: '/model-packages/', role: 'admin', handle: handlers.deletePackage },
    { method: 'DELETE', path: '/v1/model-packages/', role: 'admin', handle: handlers.deletePackage },
    ...Object.values(routedOperations).map(
      ({ id, method, path }): HttpRoute => ({
        method,
        path,
        role: 'admin',
        handle: (exchange, caller, rest) => handlers.admin[id as keyof typeof routedOperations](exchange, caller, rest),
      }),
    ),
  ];
}
