import type { Config } from './config/config.ts';
import { createHandlers } from './http/handlers.ts';
import { Router } from './http/router.ts';
import { routeTable } from './http/routes.ts';
import { type HttpServer, startServer } from './http/server.ts';
import type { Limiter } from './limits/limiter.ts';
import { MemoryLimiter } from './limits/memory-limiter.ts';
import { WorkerTokenCounter } from './models/worker-token-counter.ts';
import { createRuntime, type Runtime } from './runtime.ts';
import type { Log } from './telemetry/log.ts';
import { Metrics, type MetricsPage } from './telemetry/metrics.ts';
import { Recorder } from './telemetry/recorder.ts';

export interface GatewayOptions {
  readonly log: Log;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where several processes share the limits; its own otherwise. */
  readonly limiter?: Limiter;
  /** Where several processes share the page of metrics. */
  readonly renderMetrics?: (own: Metrics) => Promise<MetricsPage>;
}

/** A running gateway. */
export interface Gateway {
  /** The port that it listens on. */
  readonly port: number;
  readonly runtime: Runtime;
  readonly metrics: Metrics;
  /** Takes no new requests, lets running ones end within the shutdown timeout, and closes everything. */
  close(): Promise<void>;
  /** Cuts what still runs. */
  cut(): void;
}

/**
 * Puts the rooms together and listens.
 * @throws Error where the address cannot be listened on
 */
export async function startGateway(config: Config, options: GatewayOptions): Promise<Gateway> {
  const { log, env } = options;
  const counter = new WorkerTokenCounter();
  const metrics = new Metrics();
  const recorder = new Recorder(log, metrics);
  const runtime = createRuntime(config, { log, env, limiter: options.limiter ?? new MemoryLimiter(), counter });
  let draining = false;
  const handlers = createHandlers({
    pipeline: () => runtime.pipeline,
    catalog: () => runtime.catalog,
    heartbeatMs: () => runtime.config.settings.streamHeartbeatMs,
    renderMetrics: () => options.renderMetrics?.(metrics) ?? metrics.render(),
    isDraining: () => draining,
    started: () => recorder.started(),
    ended: (record, error) => recorder.ended(record, error),
  });
  const router = new Router(routeTable(handlers), {
    identify: (exchange) => runtime.keys.identify(exchange.header('authorization'), exchange.header('x-api-key')),
    refused: (exchange, error) => recorder.refused(exchange, error),
  });
  const server = await startServer({
    host: config.settings.host,
    port: config.settings.port,
    maximumRequestBytes: () => runtime.config.settings.maxRequestBytes,
    refused: (request, error) => recorder.refused(request, error),
    handle: (exchange) => router.handle(exchange),
  });
  return {
    port: server.port,
    runtime,
    metrics,
    close: async () => {
      draining = true;
      await drain(server, config.settings.shutdownTimeoutMs);
      await Promise.all([runtime.close(), counter.close()]);
    },
    cut: () => server.cut(),
  };
}

async function drain(server: HttpServer, timeoutMs: number): Promise<void> {
  const timer = setTimeout(() => server.cut(), timeoutMs);
  await server.drain();
  clearTimeout(timer);
}
