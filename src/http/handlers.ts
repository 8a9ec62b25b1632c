import { GatewayError } from '../gateway-error.ts';
import type { Catalog } from '../models/catalog.ts';
import { notFound } from '../pipeline/resolve.ts';
import type { MetricsPage } from '../telemetry/metrics.ts';
import type { Exchange } from './exchange.ts';
import { toModelBody } from './model-body.ts';
import type { RouteHandlers } from './routes.ts';
import { type ServePorts, serveCall } from './serve-call.ts';

export interface HandlerPorts extends ServePorts {
  readonly catalog: () => Catalog;
  readonly renderMetrics: () => Promise<MetricsPage>;
  readonly isDraining: () => boolean;
}

/** What each route does, over the stages of the pipeline. */
export function createHandlers(ports: HandlerPorts): RouteHandlers {
  return {
    call: (exchange, caller, protocol) => serveCall(exchange, caller, protocol, ports),
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
      else replyJson(exchange, 200, { status: 'ready' });
    },
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

function replyJson(exchange: Exchange, status: number, body: object): void {
  exchange.reply(
    status,
    [
      ['content-type', 'application/json'],
      ['x-request-id', exchange.id],
    ],
    JSON.stringify(body),
  );
}

/** A name out of a path, decoded exactly once. */
function decodeName(rest: string): string {
  try {
    return decodeURIComponent(rest);
  } catch {
    throw new GatewayError('invalid_request', 'the path has a "%" that is no escape; write it as %25');
  }
}
