import cluster from 'node:cluster';
import type { Config } from '../config/config.ts';
import { type Gateway, type GatewayOptions, startGateway } from '../gateway.ts';
import { type Log, openLog } from '../telemetry/log.ts';
import type { ConfigFlags } from './config-options.ts';
import { type Demo, startDemo } from './demo.ts';
import { loadConfigQuietly, loadOrComplain } from './load.ts';
import { printBackendLines, printReady } from './start-lines.ts';

/** `headrace start`: runs until it is told to end. */
export async function start(flags: ConfigFlags & { printConfig?: boolean }): Promise<void> {
  if (cluster.isWorker) return startWorker(flags);
  const config = await loadOrComplain(flags);
  if (config === undefined) return;
  if (flags.printConfig) printConfig(config);
  else if (config.settings.workers > 1) await startWorkers(config);
  else await startAlone(config);
}

async function startAlone(config: Config): Promise<void> {
  const started = await listen(config);
  if (started === undefined) return;
  printReady(started.gateway.port, config);
  await printBackendLines(started.gateway.runtime.backends);
}

/** The process that holds several workers. */
async function startWorkers(config: Config): Promise<void> {
  const { runPrimary } = await import('./cluster-primary.ts');
  process.exitCode = await runPrimary(config, (port) => printReady(port, config));
}

/** One of several processes that share the port. */
async function startWorker(flags: ConfigFlags): Promise<void> {
  const { ClusterWorker } = await import('./cluster-worker.ts');
  const worker = new ClusterWorker();
  const config = await loadConfigQuietly(flags);
  if (config === undefined) return;
  const started = await listen(config, {
    limiter: worker.limiter,
    renderMetrics: (own) => worker.renderMetrics(own),
  });
  if (started === undefined) {
    process.disconnect();
    return;
  }
  worker.listening(started.gateway.port, started.gateway.metrics);
  if (cluster.worker?.id === 1) await printBackendLines(started.gateway.runtime.backends);
}

async function listen(
  loaded: Config,
  shared: Pick<GatewayOptions, 'limiter' | 'renderMetrics'> = {},
): Promise<{ gateway: Gateway } | undefined> {
  const demo = await startDemo(loaded);
  const config = demo?.config ?? loaded;
  const log = openLog(config.settings.logLevel);
  try {
    const gateway = await startGateway(config, { log, env: process.env, ...shared });
    endOnSignals(gateway, log, demo);
    return { gateway };
  } catch (error) {
    process.stderr.write(`${describeListenError(error, config)}\n`);
    process.exitCode = 1;
    await demo?.close();
    return undefined;
  }
}

function printConfig(config: Config): void {
  for (const { name, value, source } of config.settings.effective) {
    const text = value === undefined ? 'none' : typeof value === 'string' ? value : JSON.stringify(value);
    process.stdout.write(`${name} = ${text}  (${source})\n`);
  }
}

function describeListenError(error: unknown, config: Config): string {
  const { host, port } = config.settings;
  const code = (error as { code?: string }).code;
  if (code === 'EADDRINUSE') return `headrace: port ${port} of ${host} is in use; choose another with --port`;
  if (code === 'EACCES') return `headrace: port ${port} is not allowed for this user; choose another with --port`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `headrace: ${host} is no address of this machine (--host)`;
  throw error;
}

/** The first signal lets running requests end, a second one ends at once. */
function endOnSignals(gateway: Gateway, log: Log, demo: Demo | undefined): void {
  let ending = false;
  const end = async () => {
    if (ending) process.exit(1);
    ending = true;
    await gateway.close();
    await demo?.close();
    await log.flush();
    process.exit(0);
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  if (process.channel) {
    process.on('disconnect', end); // the launcher or the primary process was killed
    if (cluster.isPrimary) process.channel.unref();
  }
}
