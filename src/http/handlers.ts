import type { AdminHandlers } from '../admin/handlers.ts';
import type { Catalog } from '../models/catalog.ts';
import { notFound } from '../pipeline/resolve.ts';
import type { MetricsPage } from '../telemetry/metrics.ts';
import type { Degradation } from './degradation.ts';
import { IdempotentCalls, type IdempotentPorts } from './idempotency/idempotent-calls.ts';
import { toModelBody } from './model-body.ts';
import { decodeName, replyJson } from './reply-json.ts';
import type { RouteHandlers } from './routes.ts';
import { type ServePorts, serveCall } from './serve-call.ts';

export interface HandlerPorts extends ServePorts {
  readonly catalog: () => Catalog;
  readonly renderMetrics: () => Promise<MetricsPage>;
  readonly isDraining: () => boolean;
  /** What is shown of what may be gone. */
  readonly degradation: Degradation;
  /** How the last reload went. */
  readonly lastReload: () => { readonly ok: boolean; readonly at: string };
  readonly admin: AdminHandlers;
  readonly idempotency: IdempotentPorts;
}

/** What each route does, over the stages of the pipeline. */
export function createHandlers(ports: HandlerPorts): RouteHandlers {
  const idempotent = new IdempotentCalls(ports.idempotency);
  return {
    call: (exchange, caller, protocol) => {
      const key = exchange.header('idempotency-key');
      if (key === undefined) return serveCall(exchange, caller, protocol, ports);
      return idempotent.serve(exchange, caller, key, (one) => serveCall(one, caller, protocol, ports));
    },
    listModels: async (exchange, caller) => {
      const listings = await ports.catalog().list(caller);
      replyJson(exchange, 200, { object: 'list', data: listings.map(toModelBody) });
    },
    getModel: async (exchange, caller, rest) => {
      const name = decodeName(rest);
      const found = await ports.catalog().find(name, caller);
      if (found === undefined) {
        const listings = await ports.catalog().list(caller);
        throw notFound(
          name,
          listings.map((listing) => listing.id),
        );
      }
      replyJson(exchange, 200, toModelBody(found));
    },
    health: (exchange) => replyJson(exchange, 200, { status: 'ok' }),
    live: (exchange) => replyJson(exchange, 200, { status: 'ok' }),
    ready: (exchange) => {
      if (ports.isDraining()) replyJson(exchange, 503, { status: 'draining' });
      else replyJson(exchange, 200, { status: 'ready', last_reload: lastReload(ports), ...ports.degradation.states });
    },
    adminConfig: ports.admin.config,
    adminConnectors: ports.admin.connectors,
    adminReload: ports.admin.reload,
    deletePackage: ports.admin.deletePackage,
    admin: ports.admin.operations,
    metrics: async (exchange) => {
      const { contentType, text } = await ports.renderMetrics();
      exchange.reply(
        200,
        [
          ['content-type', contentType],
          ['x-request-id', exchange.id],
        ],
        text,
      );
    },
  };
}

/** Without the problems, which may name what not everybody is to know. */
function lastReload(ports: HandlerPorts): { ok: boolean; at: string } {
  const { ok, at } = ports.lastReload();
  return { ok, at };
}
