import cluster from 'node:cluster';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { type Gateway, type GatewayOptions, startGateway } from '../gateway.ts';
import { type Log, openLog } from '../telemetry/log.ts';
import type { ClusterWorker } from './cluster-worker.ts';
import type { ConfigFlags } from './config-options.ts';
import { DemoServer } from './demo.ts';
import { loadConfigQuietly, loadOrComplain } from './load.ts';
import { printBackendLines, printReady } from './start-lines.ts';

/** `headrace start`: runs until it is told to end. */
export async function start(flags: ConfigFlags & { printConfig?: boolean }): Promise<void> {
  if (cluster.isWorker) return startWorker(flags);
  const config = await loadOrComplain(flags);
  if (config === undefined) return;
  if (flags.printConfig) printConfig(config);
  else if (config.settings.workers > 1) await startWorkers(config);
  else await startAlone(config, flags);
}

async function startAlone(config: Config, flags: ConfigFlags): Promise<void> {
  const gateway = await listen(config, flags, {});
  if (gateway === undefined) return;
  printReady(gateway.port, config);
  await printBackendLines(gateway.runtime.backends);
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
  const deletions = await worker.deletions(); // before the files, so that no reload comes between
  const config = await loadConfigQuietly(flags);
  const { limiter } = worker;
  const renderMetrics = () => worker.renderMetrics();
  const gateway = config && (await listen(config, flags, { limiter, everywhere: worker, deletions, renderMetrics }));
  if (gateway === undefined) {
    process.disconnect();
    return;
  }
  worker.listening(gateway);
  if (cluster.worker?.id === 1) await printBackendLines(gateway.runtime.backends);
}

/** Starts to serve; says why on standard error where that fails. */
async function listen(
  config: Config,
  flags: ConfigFlags,
  shared: Pick<GatewayOptions, 'limiter' | 'renderMetrics' | 'deletions'> & { readonly everywhere?: ClusterWorker },
): Promise<Gateway | undefined> {
  const log = openLog(config.settings.logLevel);
  const demo = new DemoServer();
  const load = async () => {
    const loaded = await loadConfig({ flags, env: process.env, cwd: process.cwd() });
    return { ...loaded, config: loaded.config && (await demo.apply(loaded.config)) };
  };
  try {
    const gateway = await startGateway(await demo.apply(config), { log, env: process.env, load, ...shared });
    actOnSignals(gateway, log, demo, shared.everywhere);
    return gateway;
  } catch (error) {
    process.stderr.write(`${describeListenError(error, config)}\n`);
    process.exitCode = 1;
    await demo.close();
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

/**
 * SIGHUP reads the files anew. The first signal to end lets running requests end, a second one ends at once. Signals to
 * a worker only begin its end: a terminal or a service manager sends them to all processes, and so does the primary.
 */
function actOnSignals(gateway: Gateway, log: Log, demo: DemoServer, worker: ClusterWorker | undefined): void {
  let ending = false;
  let told = false;
  const begin = async () => {
    if (ending) return;
    ending = true;
    await gateway.close();
    await demo.close();
    await log.flush();
    process.exit(0);
  };
  const end = () => {
    if (told) process.exit(1);
    told = true;
    void begin();
  };
  process.on('SIGHUP', () => void gateway.reload('SIGHUP'));
  worker?.onEnd(end);
  const onSignal = worker === undefined ? end : begin;
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  if (process.channel) {
    process.on('disconnect', begin); // the launcher or the primary process was killed
    if (cluster.isPrimary) process.channel.unref();
  }
}
