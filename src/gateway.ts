import type { Config } from './config/config.ts';
import type { Deletions, Package } from './config/deletions.ts';
import { ConfigWatcher } from './config/watch.ts';
import { createRouter } from './create-router.ts';
import type { GatewayOptions } from './gateway-options.ts';
import type { HttpServer, ServerOptions } from './http/server.ts';
import { startServers } from './http/start-servers.ts';
import { openParts } from './open-parts.ts';
import type { Reloader, ReloadState } from './reloader.ts';
import type { Runtime } from './runtime.ts';
import type { Metrics } from './telemetry/metrics.ts';

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

/** Usage that waits has at least so many milliseconds to be written. */
const leastCloseMs = 2500;

/**
 * Puts the rooms together and listens.
 * @throws Error where the address cannot be listened on, or the state cannot be opened
 */
export async function startGateway(config: Config, options: GatewayOptions): Promise<Gateway> {
  const { host, port } = config.settings;
  const parts = await openParts(config, options);
  const { reloader, metrics, recorder } = parts;
  let draining = false;
  const router = createRouter(parts, options, () => draining);
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
      parts.drain();
      watcher?.close();
      const { shutdownTimeoutMs } = reloader.runtime.config.settings;
      const drainedBy = performance.now() + shutdownTimeoutMs;
      await drain(server, shutdownTimeoutMs);
      await parts.close(() => Math.max(leastCloseMs, drainedBy - performance.now()));
    },
    cut: () => server.cut(),
  };
}

function watchFiles(reloader: Reloader): Promise<ConfigWatcher> {
  return ConfigWatcher.start(
    () => reloader.sources,
    () => reloader.refresh('a file changed'),
  );
}

async function drain(server: HttpServer, timeoutMs: number): Promise<void> {
  const timer = setTimeout(() => server.cut(), timeoutMs);
  await server.drain();
  clearTimeout(timer);
}
