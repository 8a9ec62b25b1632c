import cluster from 'node:cluster';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import type { Config } from '../config/config.ts';
import type { ConfigLoader } from '../config/config-loader.ts';
import { type Gateway, startGateway } from '../gateway.ts';
import type { GatewayOptions } from '../gateway-options.ts';
import { WorkerHomes } from '../http/idempotency/worker-homes.ts';
import { StorageOpenError } from '../storage/storage-open-error.ts';
import { type Log, openLog } from '../telemetry/log.ts';
import type { ClusterWorker } from './cluster-worker.ts';
import type { ConfigFlags } from './config-options.ts';
import { DemoServer } from './demo.ts';
import { createLoader, firstLoad, type GoodConfig } from './load.ts';
import { printBackendLines, printReady } from './start-lines.ts';
import { readWorkerPlace } from './worker-place.ts';

/** `headrace start`: runs until it is told to end. */
export async function start(flags: ConfigFlags & { printConfig?: boolean }): Promise<void> {
  if (cluster.isWorker) return startWorker(flags);
  const loader = createLoader(flags);
  const first = await firstLoad(loader, (line) => process.stderr.write(`${line}\n`));
  if (first === undefined) return;
  if (flags.printConfig) printConfig(first.config);
  else if (first.config.settings.workers > 1) await startWorkers(first, loader);
  else await startAlone(first, loader);
}

async function startAlone({ config, sources }: GoodConfig, loader: ConfigLoader): Promise<void> {
  const gateway = await listen(config, loader, { sources });
  if (gateway === undefined) return;
  printReady(gateway.port, config);
  await printBackendLines(gateway.runtime.backends);
}

/** The process that holds several workers. */
async function startWorkers(first: GoodConfig, loader: ConfigLoader): Promise<void> {
  const { runPrimary } = await import('./cluster-primary.ts');
  process.exitCode = await runPrimary({ first, loader }, (port) => printReady(port, first.config));
}

/** One of several processes that share the port. */
async function startWorker(flags: ConfigFlags): Promise<void> {
  const { ClusterWorker } = await import('./cluster-worker.ts');
  const worker = new ClusterWorker();
  const deletions = await worker.deletions(); // before the files, so that no reload comes between
  const loader = createLoader(flags);
  const first = await firstLoad(loader, () => {}); // the primary process has said it all
  const { limiter, limitAuthority, slots } = worker;
  const { index, count, sockets } = readWorkerPlace(process.env);
  await rm(join(sockets, `worker-${index}.sock`), { force: true }); // of one that died
  const homes = new WorkerHomes(index, count, sockets);
  const renderMetrics = () => worker.renderMetrics();
  const shared = { limiter, limitAuthority, slots, everywhere: worker, deletions, renderMetrics, homes };
  const gateway = first && (await listen(first.config, loader, shared));
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
  loader: ConfigLoader,
  shared: Pick<
    GatewayOptions,
    'limiter' | 'limitAuthority' | 'slots' | 'renderMetrics' | 'deletions' | 'sources' | 'homes'
  > & {
    readonly everywhere?: ClusterWorker;
  },
): Promise<Gateway | undefined> {
  const log = openLog(config.settings.logLevel);
  const demo = new DemoServer();
  const load = async () => {
    const loaded = await loader.load();
    return { ...loaded, config: loaded.config && (await demo.apply(loaded.config)) };
  };
  try {
    const gateway = await startGateway(await demo.apply(config), { log, env: process.env, load, ...shared });
    stopPretenuring();
    actOnSignals(gateway, log, demo, shared.everywhere);
    return gateway;
  } catch (error) {
    process.stderr.write(`${describeListenError(error, config)}\n`);
    process.exitCode = 1;
    await demo.close();
    return undefined;
  }
}

/**
 * Left to itself V8 may decide, by what it saw under the first load, to put one object of every request straight into its
 * old generation, where it keeps the rest of the request from being collected: docs/decisions/0018-pretenuring.md. Said
 * before all is loaded, it would make that slower.
 */
function stopPretenuring(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
}

function printConfig(config: Config): void {
  for (const { name, value, source } of config.settings.effective) {
    const text = value === undefined ? 'none' : typeof value === 'string' ? value : JSON.stringify(value);
    process.stdout.write(`${name} = ${text}  (${source})\n`);
  }
}

function describeListenError(error: unknown, config: Config): string {
  if (error instanceof StorageOpenError) return `headrace: ${error.message}`;
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
  const complain = (error: unknown) => log.error({ error: String(error) }, 'the reload has failed');
  process.on('SIGHUP', () => void (worker ?? gateway).reload('SIGHUP').catch(complain));
  worker?.onEnd(end);
  const onSignal = worker === undefined ? end : begin;
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  if (process.channel) {
    process.on('disconnect', begin); // the launcher or the primary process was killed
    if (cluster.isPrimary) process.channel.unref();
  }
}
